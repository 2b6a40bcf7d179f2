"""Goal: a disk that hangs, fails or is full costs an answer, never a photo, and the relay comes
back by itself. Method: camrelayd behind the preload libraries of test/shims."""
import errno
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "powercut")]
from daemon import Daemon  # noqa: E402
from load import get_json, make_photos  # noqa: E402
from support import BUILD, wait_until  # noqa: E402

SHIMS = os.path.abspath(os.path.join(BUILD, "shims"))


def connect(port):
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def get(port, path):
    connection = connect(port)
    try:
        return get_json(connection, path)
    finally:
        connection.close()


class Sender(threading.Thread):
    """Sends one photo on its own; `status` stays None until an answer came."""

    def __init__(self, port, photo):
        super().__init__(daemon=True)
        self.port, self.photo = port, photo
        self.status = self.answer = self.retry_after = None
        self.start()

    def run(self):
        connection = connect(self.port)
        connection.request("POST", "/upload", self.photo.data,
                           {"Content-Type": "image/jpeg", "Idempotency-Key": self.photo.sha256})
        response = connection.getresponse()
        self.retry_after = response.headers.get("Retry-After")
        self.answer = json.loads(response.read())
        self.status = response.status
        connection.close()


@unittest.skipUnless(os.path.exists(os.path.join(SHIMS, "stall.so")),
                     "not before a sanitizer, and on 64 bits only")
class Disk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.root = os.path.join(self.folder, "photos")
        self.control = os.path.join(self.folder, "control")
        self.photos = make_photos(self.id(), 8, 30000)

    def start(self, shim=None, root=None, options=(), under=None):
        environment = {"SHIM_UNDER": under or root or self.root, "SHIM_STALL_FILE": self.control,
                       "SHIM_FAIL_FILE": self.control}
        if shim:
            environment["LD_PRELOAD"] = os.path.join(SHIMS, shim)
        daemon = Daemon(os.path.join(os.path.dirname(SHIMS), "bin", "camrelayd"), root or self.root,
                        os.path.join(self.folder, "work"),
                        ["--commit-timeout", "1", *options], environment)
        self.addCleanup(daemon.kill)
        return daemon, daemon.port()

    def tell(self, text):
        with open(self.control + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(self.control + ".new", self.control)

    def hit(self):
        return os.path.exists(self.control + ".hit")

    def set_free(self):
        os.unlink(self.control)

    def send(self, port, photo):
        sender = Sender(port, photo)
        sender.join(30)
        self.assertIsNotNone(sender.status, "no answer")
        return sender

    def send_until_taken(self, port, photo):
        taken = []
        try:
            wait_until(lambda: taken.append(self.send(port, photo)) or taken[-1].status == 200, "")
        except AssertionError:
            last = taken[-1].answer
            raise AssertionError(f"still refused: {last}, {self.health(port)}") from None
        return taken[-1].answer

    def health(self, port):
        return get(port, "/health")

    def listed(self, port):
        status, answer = get(port, "/list")
        self.assertEqual(status, 200)
        return {entry["filename"]: entry["sha256"] for entry in answer["files"]}

    def check_stored(self, port, acked, root=None):
        """Everything acknowledged is there once, and all that is listed is whole."""
        listed = self.listed(port)
        for name, photo in acked:
            self.assertEqual(listed.get(name), photo.sha256)
        for name, sha256 in listed.items():
            with open(os.path.join(root or self.root, name), "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), sha256)
        self.assertEqual(len(set(listed.values())), len(listed), "stored twice")

    def assert_red(self, health):
        self.assertEqual((health[0], health[1]["status"]), (503, "failing"))

    def left_over(self, root=None):
        return os.listdir(os.path.join(root or self.root, ".camrelay", "tmp"))


class Stalled(Disk):
    def stall(self, call):
        """While one call hangs: the pages answer, other uploads are read to their end and get an
        answer, and nobody is told 200. Then everything goes on."""
        daemon, port = self.start("stall.so")
        first = self.send(port, self.photos[0])
        self.assertEqual(first.status, 200, first.answer)
        self.tell(call + "\n")
        stuck = Sender(port, self.photos[1])
        wait_until(self.hit, f"{call} hangs")
        for path in ("/health", "/list"):
            status, _ = get(port, path)
            self.assertIn(status, (200, 503) if path == "/health" else (200,))
        other = self.send(port, self.photos[2])
        self.assertEqual((other.status, other.answer["success"]), (503, False))
        self.assertIsNotNone(other.retry_after)
        stuck.join(30)
        self.assertEqual(stuck.status, 503)
        self.assertEqual(list(self.listed(port).values()), [self.photos[0].sha256])
        return daemon, port, first

    def check_going_on(self, daemon, port, first):
        self.set_free()
        acked = [(first.answer["filename"], self.photos[0])]
        for photo in self.photos[1:4]:
            acked.append((self.send_until_taken(port, photo)["filename"], photo))
        wait_until(lambda: self.health(port)[0] == 200, "the relay is well again")
        self.check_stored(port, acked)
        wait_until(lambda: not self.left_over(), "nothing unfinished is left")
        self.assertEqual(daemon.end(), 0)

    def test_a_write_that_hangs(self):
        self.check_going_on(*self.stall("write"))

    def test_a_rename_that_hangs(self):
        self.check_going_on(*self.stall("rename"))

    def test_a_disk_that_hangs_does_not_keep_the_relay_from_ending(self):
        for call in ("write", "syncfs fsync fdatasync"):
            with self.subTest(call):
                daemon, _, first = self.stall(call)
                self.assertEqual(daemon.end(), 0)
                self.set_free()
                _, port = self.start()
                self.check_stored(port, [(first.answer["filename"], self.photos[0])])
                self.assertEqual(self.left_over(), [])
                self.root += "2"

    def test_a_flush_that_hangs_turns_health_red(self):
        daemon, port, first = self.stall("syncfs fsync fdatasync")
        wait_until(lambda: self.health(port)[0] == 503, "health is red")
        self.assertEqual(self.health(port)[1]["status"], "failing")
        self.check_going_on(daemon, port, first)


    def test_pages_that_wait_for_the_disk_leave_the_workers_to_uploads(self):
        """Whoever reads the database waits: the lists, and nothing else."""
        database = os.path.join(self.root, ".camrelay", "state.db")
        daemon, port = self.start("stall.so", under=database, options=("--workers", "2"))
        acked = [(self.send(port, self.photos[0]).answer["filename"], self.photos[0])]
        self.tell("read\n")
        lists = [threading.Thread(target=get, args=(port, "/list"), daemon=True) for _ in range(4)]
        for thread in lists:
            thread.start()
        wait_until(self.hit, "a list is read")
        for photo in self.photos[1:4]:
            sender = self.send(port, photo)
            self.assertEqual(sender.status, 200, sender.answer)
            acked.append((sender.answer["filename"], photo))
        self.set_free()
        for thread in lists:
            thread.join(30)
        self.check_stored(port, acked)
        self.assertEqual(daemon.end(), 0)


class Failing(Disk):
    def break_and_mend(self, rules, statuses=(503, 507), options=()):
        """While calls fail nothing is acknowledged and nothing half is shown; then photos are taken
        again, and all that were acknowledged are there, also after a kill."""
        daemon, port = self.start("fail.so", options=options)
        acked = [(self.send(port, self.photos[0]).answer["filename"], self.photos[0])]
        self.tell(rules)
        for photo in self.photos[1:4]:
            sender = self.send(port, photo)
            self.assertIn(sender.status, statuses, sender.answer)
            self.assertFalse(sender.answer["success"])
        self.assertTrue(self.hit())
        self.check_stored(port, acked)
        red = self.health(port)
        self.set_free()
        for photo in self.photos[1:5]:
            acked.append((self.send_until_taken(port, photo)["filename"], photo))
        wait_until(lambda: self.health(port)[0] == 200, "the relay is well again")
        self.check_stored(port, acked)
        self.assertEqual(self.left_over(), [])
        daemon.kill()
        _, port = self.start()
        self.check_stored(port, acked)
        return red

    def test_a_flush_that_fails_acknowledges_nothing_until_the_disk_is_sound(self):
        for options, rules in (((), "syncfs EIO 1 stays\n"),
                               (("--durability", "per-file"), "fsync EIO 1 stays\n")):
            with self.subTest(options):
                self.assert_red(self.break_and_mend(rules, (503,), options))
                self.root += "2"

    def test_one_flush_that_fails_once_is_not_taken_for_good_by_the_next(self):
        daemon, port = self.start("fail.so")
        self.tell("syncfs EIO 1\n")
        failed = self.send(port, self.photos[0])
        self.assertEqual(failed.status, 503)
        name = self.send_until_taken(port, self.photos[0])["filename"]
        self.check_stored(port, [(name, self.photos[0])])
        self.assertEqual(daemon.end(), 0)

    def test_writes_that_fail(self):
        self.assert_red(self.break_and_mend("write EIO 1 stays\n"))

    def test_names_that_cannot_be_given(self):
        self.assert_red(self.break_and_mend("rename EIO 1 stays\n"))

    def test_files_that_cannot_be_made(self):
        self.assert_red(self.break_and_mend("create EROFS 1 stays\n"))

    def test_a_full_disk_at_every_call_that_may_meet_it(self):
        for call in ("write", "create", "rename"):
            with self.subTest(call):
                self.assert_red(self.break_and_mend(f"{call} ENOSPC 1 stays\n"))
                self.root += "2"

    def test_a_lack_of_descriptors_or_memory_is_no_full_disk(self):
        for number in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            with self.subTest(errno.errorcode[number]):
                daemon, port = self.start("fail.so")
                self.tell(f"create {number} 1 stays\n")
                sender = self.send(port, self.photos[0])
                self.assertTrue(self.hit())
                self.assertEqual((sender.status, sender.answer["code"]), (503, "busy"))
                self.assertIsNotNone(sender.retry_after)
                self.set_free()
                name = self.send_until_taken(port, self.photos[0])["filename"]
                self.check_stored(port, [(name, self.photos[0])])
                self.assertEqual(daemon.end(), 0)
                self.root += "2"

    def test_tags_that_do_not_fit_go_to_the_journal(self):
        daemon, port = self.start("fail.so")
        self.tell("tag ENOSPC 1 stays\n")
        answer = self.send(port, self.photos[0])
        self.assertEqual(answer.status, 200)
        self.assertTrue(self.hit())
        self.assertEqual(len(os.listdir(os.path.join(self.root, ".camrelay", "journal"))), 1)
        self.check_stored(port, [(answer.answer["filename"], self.photos[0])])
        self.assertEqual(daemon.end(), 0)


class Rebuilding(Disk):
    def test_a_torn_photo_is_not_shown_before_its_bytes_were_read(self):
        """Reading it hangs, so whatever is shown meanwhile is shown unread."""
        daemon, port = self.start()
        sent = [self.send(port, photo) for photo in self.photos[:2]]
        self.assertEqual(daemon.end(), 0)
        torn, whole = (sender.answer["filename"] for sender in sent)
        home = os.path.join(self.root, ".camrelay")
        for name in os.listdir(home):
            if name.startswith("state.db"):
                os.unlink(os.path.join(home, name))
        with open(os.path.join(self.root, torn), "r+b") as file:
            file.seek(len(self.photos[0].data) // 2)
            file.write(bytes(16))
        self.tell("read\n")
        daemon, port = self.start("stall.so", under=os.path.join(self.root, torn))
        wait_until(self.hit, "the torn photo is read")
        self.assertNotIn(torn, self.listed(port))
        self.set_free()
        aside = os.path.join(home, "quarantine")
        wait_until(lambda: os.listdir(aside) == [torn], "it is set aside")
        wait_until(lambda: list(self.listed(port)) == [whole], "the whole one is back")
        self.assertEqual(daemon.end(), 0)


    def kill_with_one_photo(self):
        daemon, port = self.start()
        name = self.send(port, self.photos[0]).answer["filename"]
        daemon.kill()
        return name, os.path.join(self.root, name)

    def test_a_photo_that_could_not_be_read_once_is_back_with_its_key(self):
        name, path = self.kill_with_one_photo()
        self.tell("read EIO 1\n")
        daemon, port = self.start("fail.so", under=path)
        self.assertTrue(self.hit())
        again = self.send_until_taken(port, self.photos[0])
        self.assertEqual((again["filename"], again["duplicate"]), (name, True))
        self.assertEqual(daemon.end(), 0)

    def test_a_photo_that_cannot_be_read_answers_for_nothing_and_is_kept(self):
        name, path = self.kill_with_one_photo()
        self.tell("read EIO 1 stays\n")
        daemon, port = self.start("fail.so", under=path)
        again = self.send_until_taken(port, self.photos[0])
        self.assertEqual(again["duplicate"], False)
        self.assertEqual(list(self.listed(port)), [again["filename"]])
        self.assertTrue(os.path.exists(path))
        self.assertEqual(daemon.end(), 0)
        daemon, port = self.start()
        wait_until(lambda: not os.path.exists(path), "the copy is known as one")
        self.check_stored(port, [(again["filename"], self.photos[0])])
        self.assertNotEqual(again["filename"], name)
        self.assertEqual(daemon.end(), 0)


@unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
class Full(Disk):
    def setUp(self):
        super().setUp()
        self.disk = os.path.join(self.folder, "disk")
        os.mkdir(self.disk)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", self.disk],
                              capture_output=True, check=False)
        if done.returncode != 0:
            self.skipTest("no mounts here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=False)

    def test_a_disk_that_is_really_full_refuses_and_takes_again_when_there_is_room(self):
        ballast = os.path.join(self.disk, "ballast")
        root = os.path.join(self.disk, "photos")
        for floor in ("0", "256K"):
            with self.subTest(floor=floor):
                self.fill(root, ballast, floor)
            shutil.rmtree(root)

    def fill(self, root, ballast, floor):
        with open(ballast, "wb") as file:  # most of it, so that few photos fill the rest
            file.write(bytes(20 << 20))
        options = ["--floor-bytes", floor, "--floor-percent", "0"]
        daemon, port = self.start(root=root, options=options)
        acked, photos = [], make_photos(floor, 400, 60000)
        while photos:
            photo = photos.pop()
            sender = self.send(port, photo)
            if sender.status != 200:
                break
            acked.append((sender.answer["filename"], photo))
        self.assertEqual(sender.status, 507, sender.answer)
        self.assertGreater(len(acked), 3)
        self.check_stored(port, acked, root)
        wait_until(lambda: not self.left_over(root), "nothing unfinished is left")
        os.unlink(ballast)
        acked.append((self.send_until_taken(port, photo)["filename"], photo))
        wait_until(lambda: self.health(port)[0] == 200, "the relay is well again")
        self.check_stored(port, acked, root)
        self.assertEqual(daemon.end(), 0)


del Disk  # a base, not a test

if __name__ == "__main__":
    unittest.main()
