"""The folder and the settings: files that people put there, room that runs out, what changes while
the relay runs, and who it runs as.

Goal: files copied in become photos once they are whole and never before; nothing unsent is deleted
unless asked for; settings take effect when and only when they say so.
"""
import json
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import DAEMON, Relay, RelayCase, make_jpeg, sha256, wait_until  # noqa: E402

STILL = "0.3"  # seconds after which a copied file is looked at


class Folder(RelayCase):
    def put(self, relay, name, data):
        path = os.path.join(relay.photos, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def wait_listed(self, relay, *names):
        wait_until(lambda: {f["filename"] for f in relay.list()} >= set(names), f"{names} listed",
                   lambda: (relay.list(), relay.log()))
        return {f["filename"]: f for f in relay.list()}

    def configure(self, relay, **settings):
        """Writes the settings file of a relay started with settings()."""
        with open(os.path.join(relay.folder, "relay.conf.new"), "w", encoding="utf-8") as file:
            file.write("[camrelayd]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items()))
        os.rename(os.path.join(relay.folder, "relay.conf.new"),
                  os.path.join(relay.folder, "relay.conf"))

    def configured(self, *options, name="relay", **settings):
        """A relay with a settings file."""
        os.makedirs(self.path(name))
        with open(self.path(name, "relay.conf"), "w", encoding="utf-8") as file:
            file.write("[camrelayd]\n" + "".join(f"{k} = {v}\n" for k, v in settings.items()))
        return self.relay("--config", "relay.conf", *options, name=name)


class Adoption(Folder):
    def start(self, *options):
        self.far = self.remote()
        return self.relay("--adopt-still", STILL, "--interval", "0.2", "--remote", self.far.url,
                          *options)

    def test_files_that_are_copied_or_moved_in(self):
        relay = self.start()
        photos = {name: make_jpeg(name, 5000) for name in
                  ("copied.jpg", "moved.jpg", "문 앞 사진.jpg", "SHOUTING.JPG", "long.jpeg",
                   "a b;c'd.jpg", "photo_20240101_120000.jpg", "x" * 240 + ".jpg")}
        for name, data in photos.items():
            if name == "moved.jpg":
                with open(self.path("outside"), "wb") as file:
                    file.write(data)
                os.utime(self.path("outside"), (1600000000, 1600000000))
                os.rename(self.path("outside"), os.path.join(relay.photos, name))
            else:
                self.put(relay, name, data)
        listed = self.wait_listed(relay, *photos)
        self.assertEqual({n: f["sha256"] for n, f in listed.items()},
                         {n: sha256(d) for n, d in photos.items()})
        self.assertEqual(listed["moved.jpg"]["received_at"][:10], "2020-09-13")
        relay.wait_sent(len(photos))
        self.assertEqual(sorted(s["sha256"] for s in self.far.stored()),
                         sorted(map(sha256, photos.values())))
        relay.restart()
        self.assertEqual(len(relay.list()), len(photos))
        self.assertEqual(self.far.counts()["uploads"], len(photos))
        status, _, body = relay.request("GET", "/photos/copied.jpg")
        self.assertEqual((status, body), (200, photos["copied.jpg"]))

    def test_files_that_are_no_photos_are_left_alone(self):
        relay = self.start()
        whole = make_jpeg("whole", 5000)
        others = {"text.jpg": b"not a photo", "cut.jpg": whole[:-2], "empty.jpg": b"",
                  ".hidden.jpg": whole, "photo.png": whole, "noext": whole, "photo.jpg.part": whole,
                  "sub/photo.jpg": whole, "notes.txt": b"hello"}
        for name, data in others.items():
            self.put(relay, name, data)
        os.mkdir(os.path.join(relay.photos, "folder.jpg"))
        os.mkfifo(os.path.join(relay.photos, "pipe.jpg"))
        os.symlink("/etc/passwd", os.path.join(relay.photos, "link.jpg"))
        os.symlink("nowhere", os.path.join(relay.photos, "broken.jpg"))
        data = make_jpeg("last")
        self.put(relay, "last.jpg", data)
        self.wait_listed(relay, "last.jpg")
        relay.restart()  # nor at a start, when the whole folder is looked through
        self.put(relay, "later.jpg", make_jpeg("later"))
        listed = self.wait_listed(relay, "later.jpg")
        self.assertEqual(set(listed), {"last.jpg", "later.jpg"})
        relay.wait_sent(2)
        self.assertEqual(self.far.counts()["stored"], 2)
        for name, data in others.items():
            with open(os.path.join(relay.photos, name), "rb") as file:
                self.assertEqual(file.read(), data)
        self.assertEqual(relay.inside("quarantine"), [])

    def test_a_file_that_is_still_being_written(self):
        relay = self.start()
        data = make_jpeg("slow", 20000)
        path = os.path.join(relay.photos, "slow.jpg")
        with open(path, "wb", buffering=0) as file:
            for at in range(0, len(data), 2000):
                file.write(data[at:at + 2000])
                time.sleep(0.1)
                self.assertEqual(relay.list(), [])
        listed = self.wait_listed(relay, "slow.jpg")
        self.assertEqual(listed["slow.jpg"]["sha256"], sha256(data))
        half = self.put(relay, "half.jpg", data[:10000])  # interrupted, and finished much later
        time.sleep(1)
        self.assertEqual(len(relay.list()), 1)
        with open(half, "ab") as file:
            file.write(data[10000:])
        listed = self.wait_listed(relay, "half.jpg")
        self.assertEqual(listed["half.jpg"]["sha256"], sha256(data))

    def test_hundreds_at_once_and_while_it_was_not_running(self):
        relay = self.start()
        photos = {f"p{i}.jpg": make_jpeg(i, 500) for i in range(400)}
        names = list(photos)
        for name in names[:300]:  # more than it remembers one by one
            self.put(relay, name, photos[name])
        wait_until(lambda: relay.get("/health")["stored_total"] == 300, "all are taken in",
                   lambda: relay.get("/health"))
        relay.stop()
        for name in names[300:]:
            self.put(relay, name, photos[name])
        relay.start()
        relay.wait_sent(400)
        self.assertEqual({f["filename"]: f["sha256"] for f in relay.list()},
                         {n: sha256(d) for n, d in photos.items()})
        self.assertEqual(self.far.counts()["stored"], 400)

    def test_not_if_it_is_told_so(self):
        relay = self.start("--no-adopt")
        self.put(relay, "copied.jpg", make_jpeg(1))
        status, got = relay.upload(make_jpeg(2))
        self.assertEqual(status, 200)
        relay.wait_sent(1)
        time.sleep(1)
        relay.restart()
        self.assertEqual([f["filename"] for f in relay.list()], [got["filename"]])

    def test_a_photo_renamed_by_hand_stays(self):
        relay = self.start()
        photo = make_jpeg("renamed", 5000)
        status, answer = relay.upload(photo, key="k", camera="door")
        self.assertEqual(status, 200)
        os.rename(os.path.join(relay.photos, answer["filename"]),
                  os.path.join(relay.photos, "front door.jpg"))
        wait_until(lambda: "front door.jpg" in [f["filename"] for f in relay.get("/list")["files"]],
                   "listed under its new name", relay.log)
        self.assertEqual(relay.files(), {"front door.jpg": sha256(photo)})

    def test_a_copied_name_is_not_given_to_an_upload(self):
        relay = self.start()
        data, other = make_jpeg(1), make_jpeg(2)
        self.put(relay, "cam_20240101_120000.jpg", data)
        status, got = relay.upload(other, name="cam_20240101_120000.jpg")
        self.assertEqual((status, got["filename"]), (200, "cam_20240101_120000_2.jpg"))
        listed = self.wait_listed(relay, "cam_20240101_120000.jpg")
        self.assertEqual(listed["cam_20240101_120000.jpg"]["sha256"], sha256(data))


class Room(Folder):
    def fill(self, relay, count, size=30000, camera="door", first=0):
        names = []
        for i in range(first, first + count):
            status, got = relay.upload(make_jpeg(f"{camera} {i}", size), key=f"k{i}", camera=camera)
            self.assertEqual(status, 200, got)
            names.append(got["filename"])
        return names

    def test_the_oldest_sent_go_and_their_keys_stay(self):
        far = self.remote()
        relay = self.configured("--interval", "0.2", "--remote", far.url,
                                retention_max_bytes=100000)
        names = self.fill(relay, 10)
        wait_until(lambda: len(relay.files()) == 3, "seven are gone", relay.files)
        self.assertEqual(sorted(relay.files()), sorted(names[-3:]))
        self.assertEqual([f["filename"] for f in relay.list()], names[:-4:-1])
        self.assertEqual(far.counts()["stored"], 10)
        self.assertEqual(relay.metric('camrelay_retention_deleted_total{state="sent"}'), 7)
        for end in (lambda: None, relay.restart, relay.kill):
            end()
            if relay.process.poll() is not None:
                relay.start()
            status, got = relay.upload(make_jpeg("door 0", 30000), key="k0", camera="door")
            self.assertEqual((status, got["duplicate"], got["filename"]), (200, True, names[0]))
            status, got = relay.upload(make_jpeg("x"), key="k0", camera="door")
            self.assertEqual((status, got["code"]), (422, "key_reused"))
        relay.stop()  # nor are they forgotten with the database
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(relay.database(suffix)):
                os.unlink(relay.database(suffix))
        relay.start()

        def known():
            self.got = relay.upload(make_jpeg("door 0", 30000), key="k0", camera="door")
            return self.got[0] != 503
        wait_until(known, "keys are read back")
        self.assertEqual((self.got[0], self.got[1]["duplicate"]), (200, True), self.got)
        self.assertEqual(far.counts()["stored"], 10)

    def test_what_was_not_sent_never_goes(self):
        far = self.remote("--mode", "refuse")
        relay = self.configured("--interval", "0.2", "--remote", far.url, retention="yes",
                                retention_max_bytes=100000, retention_max_age="1",
                                camera_quota=50000, floor_bytes=0)
        names = self.fill(relay, 10)
        time.sleep(2.5)  # two rounds of the keeper, and older than the age
        self.assertEqual(sorted(relay.files()), sorted(names))
        self.configure(relay, retention="yes", floor_bytes="1T", floor_percent=90)
        relay.reload("floor_bytes")
        status, got = relay.upload(make_jpeg("more"))
        self.assertEqual((status, got["code"]), (507, "disk_full"))
        time.sleep(2)
        self.assertEqual(sorted(relay.files()), sorted(names))
        self.configure(relay, retention_max_bytes=100000)
        relay.reload("floor_bytes")
        far.tell(mode="ok")
        relay.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(relay.files()) == 3, "the sent ones go", relay.destination)
        self.assertEqual(far.counts()["stored"], 10)

    def test_overwriting_the_unsent_is_counted(self):
        far = self.remote("--mode", "refuse")
        relay = self.configured("--interval", "0.2", "--remote", far.url)
        self.fill(relay, 5)
        self.configure(relay, retention="yes", overwrite_unsent="yes", floor_bytes="1T", floor_percent=90)
        relay.reload("overwrite_unsent")
        wait_until(lambda: relay.files() == {}, "all are gone", relay.files)
        wait_until(
            lambda: relay.metric('camrelay_retention_deleted_total{state="unsent"}') == 5, "counted")
        relay.wait_for("photos were deleted that had not reached every destination")
        self.assertEqual(relay.list(), [])

    def test_a_cameras_quota(self):
        relay = self.configured(camera_quota=100000)
        greedy = self.fill(relay, 6, camera="greedy")
        modest = self.fill(relay, 2, camera="modest")
        wait_until(lambda: len(relay.files()) == 5, "three are gone", relay.files)
        self.assertEqual(sorted(relay.files()), sorted(greedy[3:] + modest))

    def test_a_full_disk_is_told_before_the_body(self):
        relay = self.configured("--max-upload", "64M", floor_bytes="1T", floor_percent=90)
        data = make_jpeg(1, 100000)
        head = (b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                b"Content-Length: %d\r\n" % len(data))
        with relay.connect() as c:
            c.send(head + b"Expect: 100-continue\r\n\r\n")
            answer = c.answer()
        self.assertEqual((answer.status, json.loads(answer.body)["code"]), (507, "disk_full"))
        with relay.connect() as c:  # and one that sends everything first sees it as well
            c.send(head + b"\r\n" + data)
            self.assertEqual(c.answer().status, 507)
        status, _, body = relay.request("GET", "/health")
        self.assertEqual((status, json.loads(body)["status"]), (503, "failing"))
        self.assertEqual(relay.files(), {})
        self.configure(relay, floor_bytes=0)
        relay.reload("floor_bytes")
        status, got = relay.upload(data)
        self.assertEqual(status, 200, got)
        self.assertEqual(relay.get("/health")["status"], "ok")


class Settings(Folder):
    def test_a_reload(self):
        far = self.remote()
        relay = self.configured("--remote", far.url, max_upload=10000, interval=3600)
        self.assertEqual(relay.upload(make_jpeg(1, 10001))[0], 413)
        self.configure(relay, max_upload=20000, interval=3600, connections=100)
        relay.reload("max_upload")
        relay.wait_for("takes effect at the next start only key=connections")
        self.assertEqual(relay.upload(make_jpeg(1, 20000))[0], 200)
        self.assertEqual(relay.upload(make_jpeg(2, 20001))[0], 413)
        self.configure(relay, max_upload=20000, interval=3600, upload_token="sesame")
        relay.reload("upload_token")
        self.assertEqual(relay.upload(make_jpeg(3))[0], 401)
        self.assertEqual(relay.upload(make_jpeg(3), Authorization="Bearer sesame")[0], 200)
        self.configure(relay, max_upload=20000, interval=3600, immediate="yes")
        relay.reload("immediate")
        relay.wait_sent(2)  # a reload looks at once
        self.assertEqual(relay.upload(make_jpeg(4))[0], 200)
        relay.wait_sent(3)

    def test_a_reload_of_what_other_threads_go_by(self):
        relay = self.configured(adopt_still=3600)
        photo = make_jpeg("twice")
        for _ in range(2):
            self.assertFalse(relay.upload(photo)[1]["duplicate"])
        self.put(relay, "copied.jpg", make_jpeg("copied"))
        self.configure(relay, adopt_still=0.2, dedupe_window=600)
        relay.reload("dedupe_window")
        wait_until(lambda: relay.upload(photo)[1]["duplicate"], "a repetition is noticed")
        self.put(relay, "later.jpg", make_jpeg("later"))
        self.wait_listed(relay, "later.jpg")

    def test_a_reload_of_nonsense_changes_nothing(self):
        relay = self.configured(max_upload=10000)
        self.configure(relay, max_upload="many")
        relay.process.send_signal(signal.SIGHUP)
        relay.wait_for(r"settings stay as they were: .*relay.conf:2: max_upload: ")
        self.assertEqual(relay.upload(make_jpeg(1, 10001))[0], 413)
        self.assertEqual(relay.upload(make_jpeg(1, 10000))[0], 200)

    def run_daemon(self, *options, config=None, **environment):
        if config is not None:
            with open(self.path("c.conf"), "w", encoding="utf-8") as file:
                file.write(config)
            options += ("--config", "c.conf")
        return subprocess.run([DAEMON, *options], cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, check=False, text=True,
                              env={**os.environ, **environment})

    def test_mistakes_are_told_with_their_line(self):
        for config, told in (("[camrelayd]\nport = 5000\nmax_uplaod = 3\n", r"c\.conf:3: .*max_upload"),
                             ("[camrelayd]\n\n# a\nport = 70000\n", r"c\.conf:4: port: .*65535"),
                             ("[camrelayd]\ninterval = soon\n", r"c\.conf:2: interval: "),
                             ("[server]\nport = 1\n", r"c\.conf:1: .*section"),
                             ("[camrelayd]\nremote = ftp://x/\n", r"c\.conf:2: remote: "),
                             ("[camrelayd]\nimmediate = perhaps\n", r"c\.conf:2: immediate: "),
                             ("[camrelayd]\nport 5000\n", r"c\.conf:2")):
            for more in (("--check-config",), ()):
                done = self.run_daemon(*more, config=config)
                self.assertEqual(done.returncode, 2, (config, done))
                self.assertRegex(done.stderr, told)
                self.assertEqual(os.listdir(self.folder), ["c.conf"])
        done = self.run_daemon("--check-config", config="[camrelayd]\nport = 5001\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_environment(self):
        relay = self.relay(environment={"CAMRELAY_MAX_UPLOAD": "5000", "CAMRELAY_PORT": "0"})
        self.assertEqual(relay.upload(make_jpeg(1, 5001))[0], 413)
        self.assertEqual(relay.upload(make_jpeg(1, 5000))[0], 200)
        done = self.run_daemon("--check-config", CAMRELAY_MAX_UPLOAD="x")
        self.assertEqual(done.returncode, 2)
        self.assertIn("CAMRELAY_MAX_UPLOAD", done.stderr)
        done = self.run_daemon("--check-config", "--max-upload", "nope", CAMRELAY_MAX_UPLOAD="1M")
        self.assertIn("--max-upload", done.stderr)


class Ground(Folder):
    """Where the photos lie decides what can be promised, and /health says what is."""

    def check(self, relay, durability, status):
        told = relay.get("/health")
        self.assertEqual((told["durability"], told["status"]), (durability, status), told)
        data = make_jpeg(durability)
        first = relay.upload(data, key="k")
        relay.kill()
        relay.start()
        again = relay.upload(data, key="k")
        self.assertEqual((first[0], again[0], again[1]["duplicate"]), (200, 200, True))
        self.assertEqual(again[1]["filename"], first[1]["filename"])
        self.assertEqual(list(relay.files().values()), [sha256(data)])
        self.assertEqual(relay.get("/health")["received_session"], 0)

    def test_each_photo_flushed_by_itself(self):
        self.check(self.relay("--durability", "per-file"), "per-file", "ok")

    def test_nothing_promised_because_the_owner_says_so(self):
        self.check(self.relay("--durability", "none"), "none", "degraded")

    @unittest.skipUnless(os.path.ismount("/dev/shm"), "no file system in memory here")
    def test_memory_promises_nothing_and_cannot_be_made_to(self):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            relay = Relay(os.path.join(folder, "relay"))
            try:
                self.check(relay, "none", "degraded")
                relay.stop()
                relay.spawn("--durability", "per-file")
                relay.wait_for("durability=per-file cannot be kept here")
                self.assertNotEqual(relay.process.wait(30), 0)
            finally:
                relay.kill()

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_a_state_folder_that_is_a_mount_of_its_own(self):
        os.makedirs(self.path("elsewhere"))
        for name, options, durability in (
                ("tmpfs", ("-t", "tmpfs", "tmpfs"), "none"),
                ("bind", ("--bind", self.path("elsewhere")), None)):
            with self.subTest(name):
                home = self.path(name, "photos", ".camrelay")
                os.makedirs(home)
                done = subprocess.run(["mount", *options, home], capture_output=True, check=False)
                if done.returncode != 0:
                    self.skipTest("no mounts here")
                self.addCleanup(subprocess.run, ["umount", "-l", home], check=False)
                self.check_beside(self.relay(name=name), home + ".near", durability)

    def check_beside(self, relay, near, durability):
        """Uploads, a kill in the middle of one, and a damaged photo."""
        told = relay.get("/health")["durability"]
        self.check(relay, durability or told, "degraded" if told == "none" else "ok")
        with relay.connect() as c:
            c.send(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                   b"Content-Length: 300000\r\n\r\n" + make_jpeg(1, 200000)[:150000])
            wait_until(lambda: os.listdir(os.path.join(near, "tmp")), "an upload is written")
            relay.kill()
        relay.start()
        self.assertEqual(os.listdir(os.path.join(near, "tmp")), [])
        name = relay.upload(make_jpeg(2))[1]["filename"]
        relay.kill()
        with open(os.path.join(relay.photos, name), "r+b") as file:
            file.seek(100)
            file.write(b"damage")
        relay.start()
        self.assertEqual(os.listdir(os.path.join(near, "quarantine")), [name])
        relay.stop()


class Rights(Folder):
    @unittest.skipUnless(os.getuid() == 0, "only root can become another")
    def test_root_becomes_the_user_it_is_told(self):
        os.chmod(self.folder, 0o755)
        os.makedirs(self.path("relay"))
        os.chmod(self.path("relay"), 0o777)
        relay = self.relay("--user", "nobody")
        nobody = pwd.getpwnam("nobody")
        with open(f"/proc/{relay.process.pid}/status", encoding="ascii") as file:
            status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
        self.assertEqual(status["Uid"].split(), [str(nobody.pw_uid)] * 4)
        self.assertEqual(status["Gid"].split(), [str(nobody.pw_gid)] * 4)
        self.assertNotIn("0", status["Groups"].split())
        self.assertEqual(int(status["CapEff"], 16), 0)
        self.assertEqual(int(status["CapPrm"], 16), 0)
        answer = relay.upload(make_jpeg(1))
        self.assertEqual(answer[0], 200, answer)
        info = os.stat(os.path.join(relay.photos, answer[1]["filename"]))
        self.assertEqual((info.st_uid, info.st_mode & 0o007), (nobody.pw_uid, 0))
        relay.restart()
        self.assertEqual(len(relay.list()), 1)

    def refused(self, directory):
        """What is said of a folder that cannot be used."""
        done = subprocess.run([DAEMON, "--dir", directory, "--port", "0", "--host", "127.0.0.1"],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_a_folder_that_cannot_be_used_is_told(self):
        with open(self.path("file"), "w", encoding="ascii"):
            pass
        self.assertIn("no folder dir=", self.refused(self.path("file")))
        os.makedirs(self.path("linked"))
        os.symlink("/nowhere", self.path("linked", ".camrelay"))
        self.assertIn(".camrelay in it a folder", self.refused(self.path("linked")))

    def test_a_user_that_is_not_there(self):
        if os.getuid() != 0:
            self.skipTest("only root can become another")
        done = subprocess.run([DAEMON, "--port", "0", "--user", "no-such-user"], cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"no-such-user", done.stderr)


del Folder  # only its classes are tests
if __name__ == "__main__":
    unittest.main()
