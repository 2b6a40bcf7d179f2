"""From one relay to the next, and to receivers that misbehave.

Goal: an acknowledged photo reaches every destination, once wherever the receiver honours our key,
whatever that receiver or the relay does in between.
Method: camrelayd towards faulty_remote.py and towards a second camrelayd. Several destinations at
once stand for several tests, so that their waits pass together.
"""
import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import FaultyRemote, Relay, RelayCase, make_jpeg, sha256, wait_until  # noqa: E402


class Forwarding(RelayCase):
    def upload(self, relay, count, tag="photo", size=3000, **more):
        """Uploads that many; SHA-256 by name."""
        stored = {}
        for i in range(count):
            data = make_jpeg(f"{self.id()} {tag} {i}", size)
            status, got = relay.upload(data, key=f"{tag}-{i}", camera="door", **more)
            self.assertEqual(status, 200, got)
            stored[got["filename"]] = sha256(data)
        return stored

    def retry(self, relay, name=None):
        body = json.dumps({"filename": name})
        status, _, answer = relay.request("POST", "/api/retry", body,
                                          {"Content-Type": "application/json"})
        self.assertEqual(status, 200, answer)
        return json.loads(answer)["retried"]

    def sent_with_retries(self, relay, count, *names):
        """Waits until so many reached each destination, and has it tried now and again."""
        def done():
            self.retry(relay)
            time.sleep(0.05)
            told = [relay.destination(name) for name in names]
            return all(t["pending"] == 0 and t["sent_total"] >= count for t in told)
        wait_until(done, f"{count} photos at each of {names}",
                   lambda: [relay.destination(name) for name in names])

    def assert_has(self, remote, stored):
        """Each of these photos once, and no other."""
        self.assertEqual(sorted(row["sha256"] for row in remote.stored()), sorted(stored.values()))


BOTH = ("up", "down")
# Groups of destinations of one relay: name -> (mode, its state under it).
TROUBLE = {
    "answers that are no receipt": ("relay", {
        "500": ("status:500", BOTH), "503": ("status:503", ("down",)),
        "429": ("status:429:retry=1", ("down",)), "size": ("lie-size", BOTH),
        "hash": ("lie-hash", BOTH), "success": ("lie-success", BOTH), "name": ("lie-name", BOTH),
        "garbage": ("garbage", BOTH)}),
    "addresses that take no photos": ("relay", {
        "401": ("status:401", ("held",)), "403": ("status:403", ("held",)),
        "404": ("status:404", ("held",)), "405": ("status:405", ("held",)),
        "302": ("redirect", ("held",)), "308": ("redirect:308", ("held",)),
        "411": ("status:411", ("held",)), "refuse": ("refuse", ("down",))}),
    "connections that break": ("relay", {
        "head": ("reset-head", BOTH), "body": ("reset:1000", BOTH), "swallow": ("swallow", BOTH),
        "early": ("early:500", BOTH), "gone": ("early-close:503", BOTH), "die": ("die", BOTH),
        "rst": ("die-reset", BOTH), "cut": ("cut-answer", BOTH)}),
    "receivers without keys": ("script", {
        "die": ("die", BOTH), "rst": ("die-reset", BOTH), "cut": ("cut-answer", BOTH)}),
}


class Misbehaving(Forwarding):
    """At first nobody takes anything properly; then all do, and everything is there exactly once."""

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="camrelay-")
        cls.groups = {}
        for title, (behave, modes) in TROUBLE.items():
            cls.groups[title] = cls.begin(title, behave, modes)
        for title, (_, modes) in TROUBLE.items():
            relay, remotes, _ = cls.groups[title]
            for name, (_, states) in modes.items():
                cls.wait_for_trouble(relay, name, states)
            for remote in remotes.values():
                remote.tell(mode="ok")

    @classmethod
    def begin(cls, title, behave, modes):
        remotes = {name: FaultyRemote("--mode", mode, "--behave", behave)
                   for name, (mode, _) in modes.items()}
        for remote in remotes.values():
            cls.addClassCleanup(remote.stop)
        options = [word for name, remote in remotes.items()
                   for word in ("--remote", f"{name}={remote.url}")]
        relay = Relay(os.path.join(cls.home, title), "--interval", "0.2", *options)
        cls.addClassCleanup(relay.kill)
        stored = {}
        for i in range(3):
            data = make_jpeg(f"{title} {i}")
            status, got = relay.upload(data, key=f"k{i}", camera="door")
            assert status == 200, got
            stored[got["filename"]] = sha256(data)
        return relay, remotes, stored

    @classmethod
    def wait_for_trouble(cls, relay, name, states):
        def shown():
            told = relay.destination(name)
            assert told["dead"] == 0, told
            return told["state"] in states and told["last_error"] is not None
        wait_until(shown, f"{name} in trouble", lambda: relay.destination(name))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.home)

    def check(self, title):
        relay, remotes, stored = self.groups[title]
        self.sent_with_retries(relay, 3, *remotes)
        for name, remote in remotes.items():
            with self.subTest(name):
                self.assert_has(remote, stored)
                told = relay.destination(name)
                self.assertEqual((told["state"], told["last_error"], told["dead"]), ("up", None, 0))
        relay.stop()
        relay.check_log()
        return remotes

    def test_answers_that_are_no_receipt(self):
        self.check("answers that are no receipt")

    def test_addresses_that_take_no_photos(self):
        self.check("addresses that take no photos")

    def test_connections_that_break(self):
        self.check("connections that break")

    def test_receivers_without_keys_are_asked_before_a_photo_goes_out_again(self):
        for name, remote in self.check("receivers without keys").items():
            asked = [r for r in remote.requests() if r["method"] == "GET"]
            self.assertTrue(asked and asked[0]["path"].startswith("/list"), name)

    def test_receipts_of_every_kind_will_do(self):
        modes = ("ok", "text", "empty", "html", "chunked", "close", "long:300000", "drip:2000")
        remotes = [self.remote("--mode", mode, "--behave", "script") for mode in modes]
        options = [word for i, remote in enumerate(remotes)
                   for word in ("--remote", f"d{i}={remote.url}")]
        relay = self.relay("--interval", "0.2", *options)
        stored = self.upload(relay, 3)
        for i, remote in enumerate(remotes):
            relay.wait_sent(3, f"d{i}")
            self.assert_has(remote, stored)


class Passes(Forwarding):
    def test_what_goes_out_is_what_came_in(self):
        remote = self.remote()
        relay = self.relay("--interval", "0.1", "--remote", remote.url, "--remote-token", "sesame")
        data = make_jpeg("what", 120000)
        _, got = relay.upload(data, key="cam-key", camera="door", name="문 앞.jpg",
                              X_Captured_At="2026-01-14T08:15:02Z")
        relay.wait_sent(1)
        row = remote.stored()[0]
        self.assertEqual((row["sha256"], row["original"], row["camera"]),
                         (sha256(data), got["filename"], "door"))
        request = remote.requests()[0]
        head = request["headers"]
        self.assertEqual((request["method"], request["path"]), ("POST", "/upload"))
        self.assertEqual(head["authorization"], "Bearer sesame")
        self.assertEqual(int(head["content-length"]), request["body_size"])
        self.assertNotIn("transfer-encoding", head)
        self.assertNotIn("expect", head)
        self.assertIn("idempotency-key", head)
        self.assertRegex(head["x-captured-at"], "^2026-01-14T08:15:02")
        self.assertIn(":", head["repr-digest"])
        self.assertEqual(relay.list()[0]["deliveries"], {"remote": "sent"})

    def test_nothing_goes_before_the_interval_but_at_once_if_asked(self):
        remote = self.remote()
        relay = self.relay("--interval", "3600", "--remote", remote.url)
        wait_until(lambda: relay.get("/health")["uptime_s"] >= 1, "the first pass is over")
        self.upload(relay, 3)
        self.assertEqual(relay.get("/api/pending")["count"], 3)
        time.sleep(1)  # a pass that came too early would have sent them
        self.assertEqual(remote.counts()["requests"], 0)
        relay.stop()
        self.assertEqual(remote.counts()["requests"], 0)
        relay.start("--immediate")
        relay.wait_sent(3)  # the pass at start
        stored = self.upload(relay, 2, "second")
        relay.wait_sent(5)
        self.assertEqual(len(stored), 2)

    def test_the_newest_gets_through_while_a_backlog_drains(self):
        remote = self.remote("--mode", "refuse")
        relay = self.relay("--interval", "60", "--immediate", "--parallel", "1", "--remote",
                           remote.url)
        backlog = list(self.upload(relay, 40, "old", size=60000))
        wait_until(lambda: relay.destination()["state"] == "down", "it is down")
        remote.tell(mode="slow:400000")  # a tenth of a second or two each
        self.retry(relay)
        wait_until(lambda: remote.counts()["stored"] >= 4, "it drains",
                   lambda: self.retry(relay))
        fresh = list(self.upload(relay, 1, "new"))[0]
        before = remote.counts()["stored"]
        wait_until(lambda: fresh in [s["original"] for s in remote.stored()], "the new one is there")
        order = [s["original"] for s in remote.stored()]
        # One was on its way, and one may have been the turn of the oldest.
        self.assertLess(order.index(fresh), before + 4, before)
        self.assertIn(backlog[0], order[:8])  # the oldest are not forgotten meanwhile
        remote.tell(mode="ok")
        relay.wait_sent(41)
        self.assertEqual(len(remote.stored()), 41)

    def test_without_a_destination_nothing_leaves(self):
        relay = self.relay("--immediate", "--interval", "0.1")
        self.upload(relay, 5)
        time.sleep(0.5)
        self.assertEqual(relay.get("/health")["destinations"], [])
        self.assertEqual(relay.get("/api/pending")["count"], 0)
        mine = {os.readlink(f"/proc/{relay.process.pid}/fd/{fd}")
                for fd in os.listdir(f"/proc/{relay.process.pid}/fd")}
        for table in ("tcp", "tcp6", "udp", "udp6"):
            with open(f"/proc/{relay.process.pid}/net/{table}", encoding="ascii") as file:
                for line in file.read().splitlines()[1:]:
                    fields = line.split()
                    if f"socket:[{fields[9]}]" in mine:
                        self.assertEqual(int(fields[1].rpartition(":")[2], 16), relay.port)

    def test_two_destinations_each_have_their_own_books(self):
        good, bad = self.remote(), self.remote("--mode", "refuse")
        relay = self.relay("--interval", "0.2", "--remote", f"good={good.url}", "--remote",
                           f"bad={bad.url}")
        stored = self.upload(relay, 5)
        relay.wait_sent(5, "good")
        self.assertEqual(relay.destination("bad")["pending"], 5)
        for entry in relay.list():
            self.assertEqual(entry["deliveries"], {"good": "sent", "bad": "pending"})
        relay.restart()
        self.assertEqual(relay.destination("good")["pending"], 0)
        bad.tell(mode="ok")
        self.sent_with_retries(relay, 5, "bad")
        self.assert_has(good, stored)
        self.assert_has(bad, stored)
        third = self.remote()  # a new one is owed everything that is there
        relay.stop()
        relay.options += ("--remote", f"third={third.url}")
        relay.start()
        relay.wait_sent(5, "third")
        self.assert_has(third, stored)
        self.assert_has(good, stored)

    def test_photos_refused_for_good_are_put_aside_and_can_be_sent_again(self):
        remote = self.remote("--mode", "refused:415:not_jpeg")
        relay = self.relay("--interval", "0.2", "--remote", remote.url)
        bad = self.upload(relay, 1, "bad")

        def put_aside():
            relay.process.send_signal(signal.SIGHUP)  # new settings are tried out at once
            return relay.destination()["dead"] == 1
        wait_until(put_aside, "it is put aside", lambda: (relay.destination(), remote.counts()))
        self.assertEqual(remote.counts()["uploads"], 3)
        self.assertEqual(relay.destination()["pending"], 0)
        dead = relay.get("/api/dead")
        self.assertEqual(dead["count"], 1)
        self.assertIn(list(bad)[0], json.dumps(dead))
        self.assertIn("415", json.dumps(dead))
        self.assertEqual(relay.list()[0]["deliveries"], {"remote": "dead"})
        self.assertIn("degraded", relay.get("/health")["status"])
        remote.tell(mode="ok")
        good = self.upload(relay, 2, "good")
        relay.wait_sent(2)
        self.assertEqual(self.retry(relay, "not-there.jpg"), 0)
        self.assertEqual(self.retry(relay, list(bad)[0]), 1)
        relay.wait_sent(3)
        self.assert_has(remote, {**bad, **good})
        self.assertEqual(relay.destination()["dead"], 0)
        self.assertEqual(relay.get("/health")["status"], "ok")


class Ends(Forwarding):
    """Either side ends at any moment."""

    def test_starts_towards_a_destination_that_refuses_at_once(self):
        # The first results may come before the relay has finished starting.
        remote = self.remote()
        relay = self.relay("--interval", "0.2", "--remote", remote.url)
        stored = {}
        for round_ in range(20):
            remote.tell(mode="refuse")
            stored.update(self.upload(relay, 5, f"round{round_}"))
            relay.restart()
            wait_until(lambda: relay.destination()["state"] == "down", "it is down")
            remote.tell(mode="ok")
            self.sent_with_retries(relay, len(stored), "remote")
        self.assert_has(remote, stored)

    def test_a_relay_that_ends_while_an_answer_hangs(self):
        for mode, behave in (("hang-stored", "relay"), ("hang-stored", "script"), ("hang", "relay")):
            for end in ("stop", "kill"):
                remote = self.remote("--mode", mode, "--behave", behave)
                relay = self.relay("--interval", "0.2", "--remote", remote.url,
                                   name=f"{mode}-{behave}-{end}")
                stored = self.upload(relay, 2)
                wait_until(lambda: remote.counts()["uploads"] >= 2, "both hang")
                if mode == "hang-stored":
                    wait_until(lambda: remote.counts()["stored"] == 2, "both are there")
                took = getattr(relay, end)()
                self.assertLess(took or 0, 5)
                remote.tell(mode="ok")
                relay.start()
                relay.wait_sent(2)
                with self.subTest(mode, behave=behave, end=end):
                    if behave == "script" and end == "kill":
                        # Nothing told the relay that these may be there: sent at least once.
                        self.assertLessEqual(set(stored.values()),
                                             {row["sha256"] for row in remote.stored()})
                    else:
                        self.assert_has(remote, stored)
                relay.stop()
                remote.stop()

    def test_two_relays_that_are_ended_by_turns(self):
        far = self.relay(name="far")
        near = self.relay("--interval", "0.2", "--immediate", "--remote", far.url, name="near")
        stored, over = {}, threading.Event()

        def send(lane):
            """A camera: repeats each photo under its key until it is acknowledged."""
            number, owed = 0, False  # owed: sent, and not known whether it is stored
            while not over.is_set() or number < 10 or owed:
                owed = True
                data = make_jpeg(f"{lane} {number}", 2000 + 977 * (number % 20))
                try:
                    status, got = near.upload(data, key=f"{lane}-{number}", camera=f"cam{lane}",
                                              name="cam.jpg")
                except (OSError, ValueError, http.client.HTTPException):
                    time.sleep(0.02)
                    continue
                if status == 200:
                    stored[got["filename"]] = sha256(data)
                    number, owed = number + 1, False
                else:
                    time.sleep(0.05)

        cameras = [threading.Thread(target=send, args=(lane,)) for lane in range(3)]
        for camera in cameras:
            camera.start()
        try:
            for turn in range(8):
                time.sleep(0.3)
                side = far if turn % 2 else near
                side.kill() if turn % 4 < 2 else side.stop()
                side.start()
        finally:
            over.set()
            for camera in cameras:
                camera.join()
        self.sent_with_retries(near, len(stored), "remote")
        self.assertEqual(near.files(), stored)
        self.assertEqual(sorted(far.files().values()), sorted(stored.values()))
        self.assertEqual(sorted(f["sha256"] for f in far.list()), sorted(stored.values()))


class SentFiles(Forwarding):
    """sent_files.json, for those who come from the script."""

    def prepare(self, text, name="relay"):
        """A folder as the script left it: three photos, and its list."""
        os.makedirs(self.path(name, "photos"))
        files = {}
        for i in range(3):
            data = make_jpeg(f"{self.id()} {i}")
            files[f"photo_2025010{i}_120000.jpg"] = sha256(data)
            with open(self.path(name, "photos", f"photo_2025010{i}_120000.jpg"), "wb") as file:
                file.write(data)
        if text is not None:
            with open(self.path(name, "sent_files.json"), "w", encoding="utf-8") as file:
                file.write(text)
        return files

    def read(self, name="relay"):
        with open(self.path(name, "sent_files.json"), encoding="utf-8") as file:
            return json.load(file)

    def check(self, text, known, name="relay"):
        """Starts over such a folder; only what `text` does not know is sent, then all is listed."""
        files = self.prepare(text, name)
        remote = self.remote()
        relay = self.relay("--interval", "0.2", "--adopt-still", "0.1", "--remote", remote.url,
                           name=name)
        owed = {n: s for n, s in files.items() if n not in known}
        wait_until(lambda: relay.get("/health")["stored_total"] == 3, "all are taken in")
        relay.wait_sent(len(owed))
        self.assert_has(remote, owed)
        files.update(self.upload(relay, 1, "fresh"))
        relay.wait_sent(len(owed) + 1)
        relay.stop()
        self.assertEqual(sorted(self.read(name)), sorted(set(files) | set(known)))
        self.assertEqual(remote.counts()["stored"], len(owed) + 1)
        return remote

    def test_an_array_of_names(self):
        known = ["photo_20250100_120000.jpg", "photo_20250102_120000.jpg", "long_gone.jpg"]
        self.check(json.dumps(known), known)

    def test_an_object_with_such_an_array(self):
        known = ["photo_20250101_120000.jpg", "사진_20240101_000000.jpg"]
        self.check(json.dumps({"version": 1, "sent_files": known}, indent=2, ensure_ascii=False),
                   known)

    def test_none_at_all(self):
        self.check(None, [])
        self.assertEqual(os.listdir(self.path("relay")).count("sent_files.json.unreadable"), 0)

    def test_a_damaged_one_is_kept_aside(self):
        for i, (text, known) in enumerate((
                ('["photo_20250100_120000.jpg", "photo_2025', ["photo_20250100_120000.jpg"]),
                ("\0\0\0\0", []), ("", []), ('{"a": 1}', []))):
            with self.subTest(text):
                name = f"relay{i}"
                self.check(text, known, name)
                if text:
                    with open(self.path(name, "sent_files.json.unreadable"),
                              encoding="utf-8") as file:
                        self.assertEqual(file.read(), text)

    def test_it_lies_where_it_is_told_to_and_survives_kill(self):
        files = self.prepare(None)
        os.mkdir(self.path("elsewhere"))
        path = self.path("elsewhere", "list.json")
        remote = self.remote()
        relay = self.relay("--interval", "0.2", "--adopt-still", "0.1", "--remote", remote.url,
                           "--sent-file", path)
        relay.wait_sent(3)
        wait_until(lambda: os.path.exists(path), "the first list")
        relay.kill()  # the list may be behind; the database is not
        relay.start()
        relay.stop()
        with open(path, encoding="utf-8") as file:
            self.assertLessEqual(set(json.load(file)), set(files))
        self.assert_has(remote, files)
        self.assertFalse(os.path.exists(self.path("relay", "sent_files.json")))


del Forwarding  # only its classes are tests
if __name__ == "__main__":
    unittest.main()
