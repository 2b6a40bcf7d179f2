#!/usr/bin/env python3
"""Goal: the preload libraries do what tests rely on: delay, hang, fail, and only where told.

usage: test_shims.py FOLDER_OF_LIBRARIES
Each case runs a small program of this interpreter under a library; its calls go through libc.
"""
import os
import subprocess
import sys
import tempfile
import time
import unittest

LIBRARIES = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build/dev/shims"


def start(library, program, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", "import os, sys, ctypes\n" + program],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "LD_PRELOAD": os.path.join(LIBRARIES, library), **environment})


def run(library, program, **environment):
    process = start(library, program, **environment)
    out, _ = process.communicate(timeout=30)
    return process.returncode, out.strip()


class Shims(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.under = os.path.join(self.folder.name, "under")
        os.mkdir(self.under)
        self.control = os.path.join(self.folder.name, "control")

    def tearDown(self):
        self.folder.cleanup()

    def tell(self, text):
        with open(self.control + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(self.control + ".new", self.control)

    def test_every_kind_of_flush_takes_longer_but_only_under_the_folder(self):
        program = f"""
import time
def timed(path, flush):
    fd = os.open(path, os.O_RDONLY | (0 if os.path.isdir(path) else os.O_CREAT))
    t = time.monotonic(); flush(fd); return time.monotonic() - t
syncfs = ctypes.CDLL(None).syncfs
u, o = {self.under!r}, {self.folder.name!r}
slow = [timed(u + '/a', os.fsync), timed(u + '/a', os.fdatasync), timed(u, syncfs)]
print(min(slow) >= 0.2, timed(o + '/a', os.fdatasync) < 0.2)"""
        _, out = run("flush_delay.so", program, SHIM_FLUSH_MS="200", SHIM_UNDER=self.under)
        self.assertEqual(out, "True True")

    def test_the_chosen_call_fails_once_or_for_good(self):
        self.tell("write ENOSPC 2\nrename EIO 1 stays\nsyncfs EIO 1\n")
        program = f"""
u = {self.under!r}
def attempt(call):
    try:
        call(); return 'ok'
    except OSError as e:
        return e.errno
fd = os.open(u + '/a', os.O_WRONLY | os.O_CREAT)
print(*[attempt(lambda: os.write(fd, b'x')) for _ in range(3)],
      *[attempt(lambda: os.rename(u + '/a', u + '/a')) for _ in range(2)],
      ctypes.CDLL(None).syncfs(fd), ctypes.CDLL(None).syncfs(fd), attempt(lambda: os.fsync(fd)))"""
        _, out = run("fail.so", program, SHIM_FAIL_FILE=self.control, SHIM_UNDER=self.under)
        self.assertEqual(out, "ok 28 ok 5 5 -1 0 ok")
        self.assertTrue(os.path.exists(self.control + ".hit"))

    def test_nothing_fails_elsewhere_or_without_the_control_file(self):
        program = f"""
fd = os.open({self.folder.name!r} + '/a', os.O_WRONLY | os.O_CREAT)
print(os.write(fd, b'x'))"""
        self.assertEqual(run("fail.so", program, SHIM_FAIL_FILE=self.control)[1], "1")
        self.tell("write EIO 1 stays\ncreate EIO 1 stays\n")
        self.assertEqual(
            run("fail.so", program, SHIM_FAIL_FILE=self.control, SHIM_UNDER=self.under)[1], "1")
        self.assertNotEqual(run("fail.so", program, SHIM_FAIL_FILE=self.control)[0], 0)

    def test_a_chosen_call_hangs_until_it_is_set_free(self):
        self.tell("rename#2 syncfs\n")
        program = f"""
u = {self.under!r}
os.close(os.open(u + '/a', os.O_WRONLY | os.O_CREAT))
os.rename(u + '/a', u + '/b'); print('first', flush=True)
os.rename(u + '/b', u + '/c'); print('second', flush=True)"""
        process = start("stall.so", program, SHIM_STALL_FILE=self.control, SHIM_UNDER=self.under)
        self.assertEqual(process.stdout.readline(), "first\n")
        while not os.path.exists(self.control + ".hit"):
            time.sleep(0.002)
        self.assertTrue(os.path.exists(self.under + "/b"))
        self.assertIsNone(process.poll())
        os.unlink(self.control)
        self.assertEqual(process.stdout.readline(), "second\n")
        self.assertEqual(process.wait(30), 0)
        process.stdout.close()


if __name__ == "__main__":
    unittest.main()
