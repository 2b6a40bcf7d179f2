"""Ends without warning, and folders that were damaged in between.

Goal: of what was acknowledged nothing is lost, doubled or torn, at the relay and at its remote, and
nothing that is damaged keeps the relay from starting.
Method: camrelayd and a second one as its remote; kill -9 under load; then the database, photos and
leftovers damaged by hand. (What a power cut may leave is tested in test/powercut.)
"""
import http.client
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import DAEMON, RelayCase, make_jpeg, sha256, wait_until  # noqa: E402

ROUNDS = 20


class Camera(threading.Thread):
    """Sends photo after photo, each under its key until it is acknowledged."""

    def __init__(self, relay, lane, over):
        super().__init__(daemon=True)
        self.relay, self.lane, self.over = relay, lane, over
        self.acked = {}  # file name -> SHA-256
        self.sent = {}  # key -> bytes
        self.wrong = []
        self.start()

    def run(self):
        number, dice = 0, random.Random(self.lane)
        while not self.over.is_set():
            key = f"{self.lane}-{number}"
            data = self.sent.setdefault(key, make_jpeg(key, dice.choice((300, 3000, 30000, 150000))))
            try:
                status, got = self.relay.upload(data, key=key, camera=f"cam{self.lane % 3}",
                                                name="cam.jpg")
            except (OSError, ValueError, http.client.HTTPException):
                time.sleep(0.01)
                continue
            if status == 200:
                if got["filename"] in self.acked or got["sha256"] != sha256(data):
                    self.wrong.append(got)
                self.acked[got["filename"]] = sha256(data)
                number += 1
            elif status == 503:
                time.sleep(0.01)
            else:
                self.wrong.append(got)
                return


class Load:
    """Cameras until the `with` ends."""

    def __init__(self, relay, lanes=4):
        self.over = threading.Event()
        self.cameras = [Camera(relay, lane, self.over) for lane in range(lanes)]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.over.set()
        for camera in self.cameras:
            camera.join()

    def count(self):
        return sum(len(camera.acked) for camera in self.cameras)

    def acked(self):
        assert not any(camera.wrong for camera in self.cameras), [c.wrong for c in self.cameras]
        return {name: digest for camera in self.cameras for name, digest in camera.acked.items()}


class Crash(RelayCase):
    def retry(self, relay):
        relay.request("POST", "/api/retry", "{}", {"Content-Type": "application/json"})

    def wait_delivered(self, near, far, stored):
        """Everything is at the far relay, once, byte for byte."""
        def done():
            self.retry(near)
            time.sleep(0.05)
            return near.destination()["pending"] == 0
        wait_until(done, "all is delivered", near.destination)
        self.assertEqual(sorted(far.files().values()), sorted(stored.values()))
        self.assertEqual(sorted(f["sha256"] for f in far.list()), sorted(stored.values()))

    def check(self, relay, acked):
        """Every acknowledged photo is there under its name; what else is there was sent without an
        answer, and is whole too: nothing is twice there. A file that a kill left without its row goes
        when the relay has looked through its folder, if its sender repeated it meanwhile."""
        def settled():
            files = relay.files()
            return {f["filename"]: f["sha256"] for f in relay.list()} == files and not relay.inside("tmp")
        wait_until(settled, "the relay has looked through its folder")
        files = relay.files()
        for name, digest in acked.items():
            self.assertEqual(files.get(name), digest, name)
        self.assertEqual(len(set(files.values())), len(files), "a photo is there twice")
        self.assertEqual({f["filename"]: f["sha256"] for f in relay.list()}, files)
        self.assertEqual(relay.inside("tmp"), [])
        return files


class Kill(Crash):
    def test_twenty_times_under_load(self):
        far = self.relay(name="far")
        near = self.relay("--interval", "0.2", "--immediate", "--remote", far.url, name="near")
        dice = random.Random(1)
        with Load(near) as load:
            for _ in range(ROUNDS):
                before = load.count()
                time.sleep(dice.uniform(0, 0.15))
                wait_until(lambda: load.count() > before, "photos come in")
                near.kill()
                near.start()
        self.retry(near)
        acked = load.acked()
        files = self.check(near, acked)
        self.assertGreater(len(acked), 2 * ROUNDS)
        self.wait_delivered(near, far, files)
        self.assertEqual(near.inside("quarantine"), [])
        for camera in load.cameras[:2]:  # keys still know their photos
            for key in list(camera.sent)[:5]:
                status, got = near.upload(camera.sent[key], key=key, camera=f"cam{camera.lane % 3}")
                self.assertEqual((status, got["duplicate"]), (200, True), got)
        self.assertEqual(near.files(), files)

    def test_while_it_starts(self):
        near = self.relay()
        with Load(near, 2) as load:
            wait_until(lambda: load.count() > 20, "some photos")
            for _ in range(10):
                near.kill()
                near.spawn()
                time.sleep(random.uniform(0, 0.05))
            near.kill()
            near.start()
            before = load.count()
            wait_until(lambda: load.count() > before + 5, "it takes photos again")
        self.check(near, load.acked())


class Terminate(Crash):
    def test_under_load_it_ends_soon_and_loses_nothing(self):
        far = self.relay(name="far")
        near = self.relay("--interval", "0.2", "--immediate", "--remote", far.url, name="near")
        slow = []
        with Load(near, 8) as load:
            for _ in range(5):
                before = load.count()
                wait_until(lambda: load.count() > before + 20, "photos come in")
                c = near.connect()  # an upload that will not end by itself
                c.send(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                       b"Content-Length: 100000\r\n\r\n" + make_jpeg(1, 5000))
                slow.append(c)
                self.assertLess(near.stop(), 5)
                near.start()
        for c in slow:
            c.socket.close()
        files = self.check(near, load.acked())
        self.wait_delivered(near, far, files)

    def test_an_upload_that_is_on_its_way_may_finish(self):
        relay = self.relay()
        data = make_jpeg("late", 50000)
        with relay.connect() as c:
            c.send(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                   b"Idempotency-Key: late\r\nContent-Length: %d\r\n\r\n" % len(data) +
                   data[:30000])
            wait_until(lambda: relay.metric("camrelay_uploads_in_flight") == 1, "it has begun")
            relay.process.send_signal(signal.SIGTERM)
            relay.wait_for("stopping")
            c.send(data[30000:])
            answer = c.answer()
        self.assertEqual(answer.status, 200, answer.body)
        relay.stop()
        relay.start()
        self.assertEqual(list(relay.files().values()), [sha256(data)])
        self.assertEqual([f["sha256"] for f in relay.list()], [sha256(data)])

    def test_the_second_of_two_in_one_folder_says_why_it_does_not_start(self):
        relay = self.relay()
        status, got = relay.upload(make_jpeg(1))
        self.assertEqual(status, 200)
        done = subprocess.run([DAEMON, "--host", "127.0.0.1", "--port", "0", "--dir", "photos"],
                              cwd=relay.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("another camrelayd uses this folder", done.stderr.decode())
        self.assertIn(f"pid={relay.process.pid}", done.stderr.decode())
        status, again = relay.upload(make_jpeg(2))
        self.assertEqual(status, 200)
        self.assertEqual(len(relay.list()), 2)
        relay.kill()  # the lock dies with its holder
        relay.start()
        self.assertEqual(len(relay.list()), 2)

    def test_a_port_that_is_taken(self):
        relay = self.relay()
        os.mkdir(self.path("other"))
        done = subprocess.run([DAEMON, "--host", "127.0.0.1", "--port", str(relay.port)],
                              cwd=self.path("other"), stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr.decode(), str(relay.port))


class Damage(Crash):
    """Between two runs something happens to the folder."""

    def fill(self, relay, count=12):
        """Photos with everything that can be told about one."""
        self.photos = [make_jpeg(f"{self.id()} {i}", 1000 + 3000 * i) for i in range(count)]
        self.answers = []
        for i, data in enumerate(self.photos):
            status, got = relay.upload(data, key=f"key {i}", camera=f"cam{i % 3}",
                                       X_Captured_At=f"2026-01-14T08:15:{i:02}Z",
                                       X_Camera_Boot="5", X_Camera_Seq=str(i // 3))
            self.assertEqual(status, 200, got)
            self.answers.append(got)
        return relay.list()

    def repeat(self, relay, index):
        """The same upload again, as a camera that had no answer."""
        def there():
            self.again = relay.upload(self.photos[index], key=f"key {index}",
                                      camera=f"cam{index % 3}")
            return self.again[0] != 503
        wait_until(there, "its keys are read back")
        return self.again

    def check_rebuilt(self, relay, before, strangers=0):
        """Keys, cameras and times are back, and nothing is stored twice. `strangers`: photos without
        a camera that only the damaged database knew of; what it counted is not counted down."""
        wait_until(lambda: relay.get("/health")["stored_total"] == len(before), "all are back",
                   lambda: relay.log())
        after = relay.list()
        self.assertEqual(sorted(after, key=lambda f: f["filename"]),
                         sorted(before, key=lambda f: f["filename"]))
        for i, answer in enumerate(self.answers):
            status, got = self.repeat(relay, i)
            self.assertEqual((status, got["duplicate"], got["filename"]),
                             (200, True, answer["filename"]), got)
        status, got = relay.upload(make_jpeg("other"), key="key 1", camera="cam1")
        self.assertEqual((status, got["code"]), (422, "key_reused"))
        self.assertEqual(len(relay.files()), len(before))
        rows = {row["camera"]: row["photos"] for row in relay.get("/cameras")["cameras"]}
        self.assertLessEqual(rows.pop(None, 0), strangers)
        self.assertEqual(rows, {f"cam{i}": len(before) // 3 for i in range(3)})
        status, got = relay.upload(make_jpeg("new"), key="new")
        self.assertEqual((status, got["duplicate"]), (200, False), got)

    def damage_database(self, name, end, change, aside=True):
        relay = self.relay(name=name)
        before = self.fill(relay)
        getattr(relay, end)()
        change(relay)
        relay.start()
        with self.subTest(name):
            self.check_rebuilt(relay, before)
            set_aside = [f for f in os.listdir(os.path.dirname(relay.database()))
                         if f.startswith("state.db.")]
            if aside is not None:
                self.assertEqual(bool(set_aside), aside, set_aside)
        before = relay.list()
        relay.restart()  # and it is a database like any other from now on
        self.assertEqual(relay.list(), before)
        relay.stop()

    def test_the_database_is_gone(self):
        def remove(relay):
            for suffix in ("", "-wal", "-shm"):
                if os.path.exists(relay.database(suffix)):
                    os.unlink(relay.database(suffix))
        for end in ("stop", "kill"):
            self.damage_database(f"gone-{end}", end, remove, aside=False)

    def test_everything_it_remembered_is_gone(self):
        self.damage_database("home", "stop", lambda relay: shutil.rmtree(
            os.path.join(relay.photos, ".camrelay")), aside=False)

    def test_the_database_is_damaged(self):
        def write(relay, data, at=0, suffix="", cut=None):
            with open(relay.database(suffix), "r+b") as file:
                file.seek(at)
                file.write(data)
                if cut is not None:
                    file.truncate(cut)
        garbage = random.Random(7).randbytes(1 << 16)
        for name, end, change in (
                ("head", "stop", lambda r: write(r, garbage[:200])),
                ("all of it", "stop", lambda r: write(r, garbage, cut=1 << 16)),
                ("text", "stop", lambda r: write(r, b"this was a database", cut=19)),
                ("pages", "stop", lambda r: write(r, garbage, at=8192)),
                ("half", "stop", lambda r: write(r, b"", cut=os.path.getsize(r.database()) // 2)),
                ("half, killed", "kill",
                 lambda r: write(r, b"", cut=max(1, os.path.getsize(r.database()) // 2)))):
            # Killed, all of it may stand in its log: then nothing is missing.
            self.damage_database(name, end, change, aside=end == "stop" or None)

    def test_the_database_is_empty(self):
        def empty(relay):
            os.truncate(relay.database(), 0)
        relay = self.relay()
        before = self.fill(relay)
        relay.stop()
        empty(relay)
        relay.start()
        self.check_rebuilt(relay, before)

    def test_its_log_is_of_another_database_or_damaged(self):
        other = self.relay(name="other")
        other.upload(make_jpeg("other"), key="other")
        other.kill()
        foreign = other.database("-wal")
        self.assertGreater(os.path.getsize(foreign), 0)
        garbage = random.Random(8).randbytes(1 << 16)
        for name, end, wal in (("foreign", "stop", None), ("foreign, killed", "kill", None),
                               ("garbage", "kill", garbage), ("empty", "kill", b""),
                               ("garbage behind a clean end", "stop", garbage)):
            relay = self.relay(name=name)
            before = self.fill(relay)
            getattr(relay, end)()
            if wal is None:
                shutil.copy(foreign, relay.database("-wal"))
            else:
                with open(relay.database("-wal"), "wb") as file:
                    file.write(wal)
            relay.start()
            with self.subTest(name):
                self.check_rebuilt(relay, before, strangers=1 if wal is None else 0)
            relay.stop()

    def test_a_crash_while_it_is_being_rebuilt(self):
        relay = self.relay()
        before = self.fill(relay)
        for i in range(5):
            relay.kill()
            if i == 0:
                for suffix in ("", "-wal", "-shm"):
                    if os.path.exists(relay.database(suffix)):
                        os.unlink(relay.database(suffix))
            relay.spawn()
            time.sleep(0.01 * i)
        relay.kill()
        relay.start()
        self.check_rebuilt(relay, before)

    def test_damaged_photos_go_into_quarantine(self):
        relay = self.relay()
        before = self.fill(relay)
        relay.kill()  # not yet known to be on the medium: the last ones are compared at start
        torn = before[0]["filename"]
        with open(os.path.join(relay.photos, torn), "r+b") as file:
            file.seek(500)
            file.write(b"\0" * 100)
        relay.start()
        self.assertNotIn(torn, relay.files())
        self.assertEqual(relay.inside("quarantine"), [torn])
        self.assertEqual([f["filename"] for f in relay.list()], [f["filename"] for f in before[1:]])
        status, got = self.repeat(relay, 11)  # its key went with it: the camera may send it again
        self.assertEqual((status, got["duplicate"]), (200, False), got)

    def test_damaged_photos_are_found_when_the_database_is_made_anew(self):
        relay = self.relay()
        before = self.fill(relay)
        relay.stop()
        shutil.rmtree(os.path.join(relay.photos, ".camrelay"))
        torn, short = before[0]["filename"], before[5]["filename"]
        with open(os.path.join(relay.photos, torn), "r+b") as file:
            file.seek(500)
            file.write(b"\0" * 100)
        os.truncate(os.path.join(relay.photos, short), 700)
        relay.start()
        wait_until(lambda: relay.inside("quarantine") == sorted([torn, short]), "both are set aside",
                   lambda: (relay.inside("quarantine"), relay.log()))
        wait_until(lambda: relay.get("/health")["stored_total"] == 10, "the others are back")
        self.assertEqual({f["filename"] for f in relay.list()},
                         {f["filename"] for f in before} - {torn, short})

    def test_leftovers_are_swept(self):
        relay = self.relay()
        before = self.fill(relay)
        relay.stop()
        for name in ("00000001", "x.part", "사진"):
            with open(os.path.join(relay.photos, ".camrelay", "tmp", name), "wb") as file:
                file.write(make_jpeg(name))
        relay.start()
        self.assertEqual(relay.inside("tmp"), [])
        self.assertEqual(relay.list(), before)
        relay.kill()
        with open(os.path.join(relay.photos, ".camrelay", "tmp", "00000001"), "wb") as file:
            file.write(make_jpeg("left"))
        relay.start()
        self.assertEqual(relay.inside("tmp"), [])
        self.assertEqual(relay.list(), before)

    def test_a_photo_that_was_deleted_by_hand(self):
        relay = self.relay()
        before = self.fill(relay)
        gone = before[3]["filename"]
        os.unlink(os.path.join(relay.photos, gone))
        status, _, _ = relay.request("GET", f"/photos/{gone}")
        self.assertEqual(status, 404)
        relay.restart()
        status, got = relay.upload(make_jpeg("next"))
        self.assertEqual(status, 200, got)
        status, _, _ = relay.request("GET", f"/photos/{gone}")
        self.assertEqual(status, 404)


del Crash  # only its classes are tests
if __name__ == "__main__":
    unittest.main()
