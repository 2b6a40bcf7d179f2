"""Goal: whatever a cut of the power leaves, every acknowledged photo is there, whole, listed,
forwarded or waiting, and its key is known. Method: test/powercut/powercut.py; the same program must
notice three ways to break the promise."""
import os
import subprocess
import sys
import unittest

BUILD = os.path.abspath(os.environ.get("CAMRELAY_BUILD", "build/dev"))
HERE = os.path.dirname(os.path.abspath(__file__))
DRIVER = os.path.join(HERE, "..", "powercut", "powercut.py")
RECORDER = os.path.join(BUILD, "shims", "recorder.so")


@unittest.skipUnless(os.path.exists(RECORDER), "not before a sanitizer, and on 64 bits only")
class PowerCut(unittest.TestCase):
    def run_driver(self, *arguments):
        done = subprocess.run(
            [sys.executable, DRIVER, "--program", os.path.join(BUILD, "bin", "camrelayd"),
             "--recorder", RECORDER, *arguments], stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(done.returncode, 0)

    def test_every_acknowledged_photo_survives_and_a_broken_promise_is_noticed(self):
        kinds = ("one-flush", "again", "per-file", "journal", "failing")
        controls = ("no-flush", "early-ack", "sync-off")
        self.run_driver("--states", "550", *[f"--kind={kind}" for kind in kinds],
                        *[f"--control={control}" for control in controls])


if __name__ == "__main__":
    unittest.main()
