#!/usr/bin/env python3
"""Goal: the model of a cut leaves exactly what a disk may leave, reaches the bad states, and never
takes away what a finished flush covers."""
import json
import random
import unittest

from disk import BLOCK, PLANS, Disk, Plan, cut
from recording import FLUSH_ALL, FLUSH_FILE, Answers, Effect, Mark

ALL_PLANS = PLANS + tuple(Plan("posix", names, fate, tags) for names in ("all", "none", "dice")
                          for fate in ("all", "none", "zero", "tail", "subset", "torn", "dice")
                          for tags in ("all", "none", "dice"))
HOME, FILE, OTHER = 0, 1, 2


class Story:
    """A recording made by hand."""

    def __init__(self):
        self.folders = {HOME}
        self.disk = Disk()
        self.number = 0

    def tell(self, *events):
        for event in events:
            self.disk.take(event, self)
        return self

    def flush(self, scope=FLUSH_ALL, obj=-1, failed=False):
        self.number += 1
        return self.tell(Mark("begin", self.number, scope, obj),
                         Mark("end", self.number, failed=failed))

    def states(self, plans=ALL_PLANS, seeds=40):
        """What the files hold in every state that dice and plans reach: path -> (bytes, tags)."""
        for plan in plans:
            for seed in range(seeds):
                names, files = cut(self.disk, plan, random.Random(seed))
                yield {path: (bytes(files[obj].data), files[obj].tags) if obj in files
                       else (b"", {}) for path, obj in names.items() if obj not in self.folders}


def name(path, obj, pair=0):
    return Effect("name", obj, path=path, pair=pair)


def data(obj, offset, piece):
    return Effect("data", obj, offset=offset, data=piece)


def photo():
    """A photo as the relay stores it, up to its flush."""
    return Story().tell(name("tmp", HOME)).flush().tell(
        name("tmp/1", FILE), data(FILE, 0, b"a" * 6000), Effect("tag", FILE, tag="t", data=b"v"),
        name("photo", FILE, 1), name("tmp/1", -1, 1))


class Model(unittest.TestCase):
    def test_what_a_finished_flush_covers_is_in_every_state(self):
        for state in photo().flush().states():
            self.assertEqual(state, {"photo": (b"a" * 6000, {"t": b"v"})})

    def test_what_came_after_the_flush_began_is_not_covered(self):
        story = Story().tell(Mark("begin", 1, FLUSH_ALL), name("photo", FILE), Mark("end", 1))
        self.assertIn({}, list(story.states()))

    def test_a_flush_that_failed_or_never_returned_covers_nothing(self):
        for story in (photo().flush(failed=True), photo().tell(Mark("begin", 9, FLUSH_ALL))):
            self.assertIn({}, list(story.states()))

    def test_a_flush_of_a_file_covers_its_bytes_and_tags_but_not_its_name(self):
        states = list(photo().flush(FLUSH_FILE, FILE).states())
        self.assertIn({}, states)
        self.assertTrue(any("photo" in s for s in states))
        for state in states:
            for what in state.values():
                self.assertEqual(what, (b"a" * 6000, {"t": b"v"}))

    def test_a_flush_of_a_folder_covers_its_names_and_no_bytes(self):
        states = list(photo().flush(FLUSH_FILE, -1).states())
        self.assertTrue(all("photo" in s for s in states))
        self.assertTrue(any(s["photo"][0] == b"" for s in states))
        self.assertTrue(any("tmp/1" in s for s in states))
        states = list(photo().flush(FLUSH_FILE, HOME).states())
        self.assertTrue(any("photo" in s for s in states))
        self.assertFalse(any("tmp/1" in s for s in states))
        self.assertIn({}, states)

    def test_posix_reaches_every_way_to_lose(self):
        states = [s.get("photo") for s in photo().states()]
        contents = {s[0] for s in states if s is not None}
        self.assertIn(None, states)
        self.assertIn(b"", contents)
        self.assertIn(b"a" * 6000, contents)
        self.assertIn(bytes(6000), contents)
        self.assertIn(b"a" * BLOCK + bytes(6000 - BLOCK), contents)
        self.assertIn(bytes(BLOCK) + b"a" * (6000 - BLOCK), contents)
        self.assertTrue(any(0 < len(c) < 6000 and set(c) == {97} for c in contents), "a tail")
        self.assertTrue(any(len(c) == 6000 and len(set(c)) > 2 for c in contents), "garbage")
        self.assertTrue(any(c[:512] == bytes(512) and c[512:1024] == b"a" * 512 for c in contents),
                        "a torn block")
        self.assertIn((b"a" * 6000, {}), states)
        halves = {("photo" in s, "tmp/1" in s) for s in photo().states()}
        self.assertEqual(halves, {(a, b) for a in (True, False) for b in (True, False)})

    def test_ext4_keeps_order_and_shows_no_bytes_that_were_never_written(self):
        seen = set()
        for state in photo().states((Plan("ext4"),), 400):
            seen.add(tuple(sorted(state)))
            for content, _ in state.values():
                self.assertEqual(content, b"a" * len(content))
        self.assertEqual(seen, {(), ("tmp/1",), ("photo",)})

    def test_xfs_keeps_order_and_leaves_holes_but_no_garbage(self):
        contents = set()
        for state in photo().states((Plan("xfs"),), 400):
            self.assertLess(len(state), 2)
            contents |= {content for content, _ in state.values()}
            if "photo" in state:
                self.assertEqual(state["photo"][1], {"t": b"v"})
        self.assertTrue(all(set(content) <= {0, 97} for content in contents))
        self.assertIn(bytes(BLOCK) + b"a" * (6000 - BLOCK), contents)

    def test_a_block_written_twice_is_left_in_any_of_its_versions(self):
        story = Story().tell(name("db", FILE), data(FILE, 0, b"1" * BLOCK)).flush().tell(
            data(FILE, 0, b"2" * BLOCK), data(FILE, 0, b"3" * BLOCK))
        for plans in (ALL_PLANS, (Plan("ext4"),)):
            contents = {s["db"][0] for s in story.states(plans, 200)}
            self.assertLessEqual({b"1" * BLOCK, b"2" * BLOCK, b"3" * BLOCK}, contents)

    def test_blocks_of_a_database_are_lost_in_any_subset(self):
        story = Story().tell(name("db", FILE), data(FILE, 0, bytes(3 * BLOCK))).flush().tell(
            *[data(FILE, i * BLOCK, b"x" * BLOCK) for i in range(3)])
        for plans in (ALL_PLANS, (Plan("ext4"),)):
            subsets = {tuple(s["db"][0][i * BLOCK] != 0 for i in range(3))
                       for s in story.states(plans, 200)}
            self.assertEqual(len(subsets), 8)

    def test_pages_a_failed_flush_drops_are_lost_until_they_are_written_again(self):
        story = Story()
        story.disk.forgets = {FILE}
        story.tell(name("wal", FILE), name("photo", OTHER), data(FILE, 0, b"1" * 2 * BLOCK),
                   data(OTHER, 0, b"p")).flush(failed=True).flush()
        left = {"wal": (b"", {}), "photo": (b"p", {})}
        self.assertTrue(all(state == left for state in story.states()))
        story.tell(data(FILE, BLOCK + 10, b"2")).flush()
        content = bytes(BLOCK) + b"1" * 10 + b"2" + b"1" * (BLOCK - 11)
        self.assertTrue(all(s["wal"][0] == content for s in story.states()))

    def test_a_shortened_file_has_either_size(self):
        story = Story().tell(name("wal", FILE), data(FILE, 0, b"1" * 9000)).flush().tell(
            Effect("size", FILE, size=0))
        for plans in (ALL_PLANS, (Plan("ext4"),)):
            self.assertEqual({len(s["wal"][0]) for s in story.states(plans)}, {0, 9000})

    def test_cutting_takes_nothing_away_from_the_run(self):
        story = photo()
        list(story.states())
        story.flush()
        self.assertEqual(next(story.states())["photo"], (b"a" * 6000, {"t": b"v"}))

    def test_an_answer_is_found_however_it_is_cut(self):
        body = json.dumps({"success": True, "filename": "a.jpg"}).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        for at in range(len(b"HTTP/1."), len(head + body)):
            answers = Answers()
            self.assertIsNone(answers.send(5, (head + body)[:at]))
            self.assertEqual(answers.send(5, (head + body)[at:])["filename"], "a.jpg")
        self.assertIsNone(Answers().send(5, head.replace(b"200", b"503") + body))
        self.assertIsNone(Answers().send(5, body))


if __name__ == "__main__":
    unittest.main()
