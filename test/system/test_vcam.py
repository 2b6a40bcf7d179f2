"""The firmware's own logic against the real relay, which is killed, slowed and restarted meanwhile.

Goal: every photo of a camera arrives once, byte for byte and in order, whatever happens in between.
Method: the photos come from a generator of this test; what must have arrived is judged by their
SHA-256, not by what camera or relay say, and each test proves that the trouble really happened.
"""
import collections
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import BUILD, PATIENCE, Relay, SANITIZED, make_jpeg, sha256, wait_until  # noqa: E402

VCAM = os.path.abspath(os.path.join(BUILD, "bin/vcam"))
PHOTOS = 120
FLEET = 200 if SANITIZED else 1000
FLEET_PHOTOS = 3


class Camera:
    """One vcam, ended by its pid; its report is read when it ended."""

    def __init__(self, home, relay, *options, name="cam"):
        self.report_path = os.path.join(home, name + ".json")
        self.log_path = os.path.join(home, name + ".log")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [VCAM, "--to", relay.url, "--state", os.path.join(home, name + "-state"),
                 "--report", self.report_path, "--set", "retry_base_ms=100",
                 "--set", "retry_cap_ms=1000", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self, patience):
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait(PATIENCE)
            with open(self.log_path, encoding="utf-8") as log:
                raise AssertionError("vcam did not end: " + log.read()[-2000:]) from None
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def report(self):
        with open(self.report_path, encoding="utf-8") as file:
            return json.load(file)


class VirtualCamera(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="camrelay-")
        self.relay = Relay(os.path.join(self.home, "relay"))
        self.cameras = []

    def tearDown(self):
        for camera in self.cameras:
            if camera.process.poll() is None:
                camera.kill()
        if self.relay.process.poll() is None:
            self.relay.stop()
        self.relay.check_log()
        shutil.rmtree(self.home)

    def camera(self, *options, name="cam"):
        camera = Camera(self.home, self.relay, *options, name=name)
        self.cameras.append(camera)
        return camera

    def make_frames(self, count):
        """Random sizes, none a friend of any buffer's; SHA-256 in the order of their names."""
        folder = os.path.join(self.home, "frames")
        os.mkdir(folder)
        digests = []
        for number in range(count):
            photo = make_jpeg(f"frame {number}", 2000 + number * number * 977 % 90000)
            digests.append(sha256(photo))
            with open(os.path.join(folder, f"{number:05}.jpg"), "wb") as file:
                file.write(photo)
        return folder, digests

    def stored(self):
        """Digest of every photo in the relay's folder."""
        found = collections.Counter()
        for name in os.listdir(self.relay.photos):
            if name.endswith(".jpg"):
                with contextlib.suppress(FileNotFoundError):
                    with open(os.path.join(self.relay.photos, name), "rb") as file:
                        found[hashlib.sha256(file.read()).hexdigest()] += 1
        return found

    def check_stored(self, expected):
        """Just these. A file that a kill left without its row goes when the relay has looked through
        its folder, if its sender repeated it meanwhile."""
        wait_until(lambda: self.stored() == expected, "the folder holds what was sent",
                   lambda: {"missing": expected - self.stored(), "too much": self.stored() - expected})

    def listed(self):
        """Digests as the relay received them, oldest first."""
        status, _, body = self.relay.request("GET", "/list")
        self.assertEqual(status, 200)
        return [photo["sha256"] for photo in json.loads(body)["files"]]

    def test_a_folder_arrives_once_and_in_order_through_kills_and_a_slow_line(self):
        folder, digests = self.make_frames(PHOTOS)
        camera = self.camera("--frames", folder, "--every", "5", "--device", "door1",
                             "--link-rate", "2000000", "--link-break", "4", "--link-pause", "20:30")
        restarts = 0
        while camera.process.poll() is None and restarts < 4:
            before = len(self.stored())
            wait_until(lambda: len(self.stored()) >= before + 12 or camera.process.poll() is not None,
                       "photos arrive", lambda: open(camera.log_path, encoding="utf-8").read()[-500:])
            if restarts % 2 == 0:
                self.relay.kill()
            else:
                self.relay.stop()
            time.sleep(0.3)  # the camera meets a relay that is not there; not a measure of anything
            self.relay.start()
            restarts += 1
        self.assertEqual(camera.wait(4 * PATIENCE), 0)
        report = camera.report()
        self.assertEqual(restarts, 4)
        self.assertEqual((report["captured"], report["sent"], report["dropped"]), (PHOTOS, PHOTOS, 0))
        self.assertGreater(report["retries"], 3)
        self.assertGreater(report["breaks"], 0)
        self.check_stored(collections.Counter(digests))
        order = self.listed()
        if order[0] != digests[0]:
            order.reverse()
        self.assertEqual(order, digests)

    def test_photos_outlive_a_camera_that_is_killed(self):
        folder, digests = self.make_frames(30)
        self.relay.kill()
        first = self.camera("--frames", folder, "--every", "5", "--device", "door1", "--stay")
        queue = os.path.join(self.home, "cam-state", "door1", "queue")

        def all_in_queue():
            with open(first.log_path, encoding="utf-8") as log:
                return "waiting=30" in log.read()

        wait_until(lambda: os.path.exists(queue), "there is a queue")
        wait_until(all_in_queue, "all photos wait",
                   lambda: open(first.log_path, encoding="utf-8").read()[-500:])
        first.kill()
        self.relay.start()
        empty = os.path.join(self.home, "empty")
        os.mkdir(empty)
        second = self.camera("--frames", empty, "--device", "door1")
        self.assertEqual(second.wait(PATIENCE), 0)
        report = second.report()
        self.assertEqual(report["boot"], 2)
        self.assertEqual((report["captured"], report["sent"], report["dropped"]), (30, 30, 0))
        self.check_stored(collections.Counter(digests))

    def test_the_report_of_a_crash_arrives_and_is_kept(self):
        dump = os.urandom(60000)
        path = os.path.join(self.home, "core")
        with open(path, "wb") as file:
            file.write(dump)
        camera = self.camera("--photos", "3", "--every", "5", "--device", "door1", "--crash", path,
                             "--link-rate", "400000")
        self.assertEqual(camera.wait(PATIENCE), 0)
        self.assertEqual(camera.report()["sent"], 3)
        self.assertFalse(os.path.exists(path))
        crashes = os.path.join(self.relay.photos, ".camrelay", "crashes")
        kept = os.listdir(crashes)
        self.assertEqual(len(kept), 1)
        self.assertTrue(kept[0].startswith("door1_"), kept)
        with open(os.path.join(crashes, kept[0]), "rb") as file:
            self.assertEqual(file.read(), dump)

    def test_a_thousand_cameras_deliver_everything(self):
        self.relay.options = ("--connections", "4096", "--connections-per-ip", "4096")
        self.relay.restart()
        folder, digests = self.make_frames(FLEET_PHOTOS)
        begun = time.monotonic()
        fleet = self.camera("--count", str(FLEET), "--frames", folder, "--every", "1000",
                            "--queue-kib", "128", "--ram-kib", "64", "--device", "field", "--quiet")
        restarts = 0
        for share in (8, 2):
            wait_until(lambda: len(os.listdir(self.relay.photos)) > FLEET // share, "photos arrive")
            self.relay.kill()
            time.sleep(0.2)  # cameras meet a relay that is not there; not a measure of anything
            self.relay.start()
            restarts += 1
        self.assertEqual(fleet.wait(6 * PATIENCE), 0)
        report = fleet.report()
        self.assertEqual(report["cameras"], FLEET)
        self.assertEqual(report["captured"], FLEET * FLEET_PHOTOS)
        self.assertEqual((report["sent"], report["dropped"]), (FLEET * FLEET_PHOTOS, 0))
        self.assertGreater(report["retries"], 10)
        self.check_stored(collections.Counter({digest: FLEET for digest in digests}))
        status, _, body = self.relay.request("GET", "/list")
        self.assertEqual(status, 200)
        pairs = collections.Counter((photo["camera"], photo["sha256"])
                                    for photo in json.loads(body)["files"])
        self.assertEqual(len({camera for camera, _ in pairs}), FLEET)
        self.assertEqual(len(pairs), FLEET * FLEET_PHOTOS)  # each camera's every photo, once
        self.assertEqual(set(pairs.values()), {1})
        print(f"{FLEET} cameras, {report['sent']} photos, {report['retries']} retries, "
              f"{restarts} kills, {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    unittest.main(verbosity=2)
