"""What the tests of uploads share: a relay per class, and the promise of its answers."""
import json
import os
import shutil
import tempfile
import time

from support import PATIENCE, Relay, RelayCase, make_jpeg, sha256, wait_until

MAX_UPLOAD = 300000
STAMP = r"_\d{8}_\d{6}(_\d+)?"
JPEG_TYPE = b"Content-Type: image/jpeg"


class Uploads(RelayCase):
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.mkdtemp(prefix="camrelay-")
        cls.relay = Relay(cls.home, "--max-upload", str(MAX_UPLOAD), *cls.options)
        cls.url = cls.relay.url + "/upload"
        cls.acked = {}  # name -> SHA-256 of what was sent
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        try:
            cls.check_all()
            cls.relay.stop()
            cls.relay.check_log()
        finally:
            if cls.relay.process.poll() is None:
                cls.relay.kill()
            shutil.rmtree(cls.home)

    @classmethod
    def check_all(cls):
        """Nothing but what was acknowledged is stored or listed, and nothing lies about."""
        wait_until(lambda: cls.relay.inside("tmp") == [], "tmp is empty",
                   lambda: cls.relay.inside("tmp"))
        if cls.relay.files() != cls.acked:
            raise AssertionError((cls.relay.files(), cls.acked))
        listed = {f["filename"]: f["sha256"] for f in cls.relay.list()}
        if listed != cls.acked:
            raise AssertionError((listed, cls.acked))

    def jpeg(self, size=3000):
        type(self).count += 1
        return make_jpeg(f"{self.id()} {self.count}", size)

    def file(self, data, name="in.jpg"):
        folder = tempfile.mkdtemp(dir=self.folder)
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def assert_stored(self, got, data, duplicate=False):
        """Field by field as promised; `got` is the JSON of a 200."""
        self.assertEqual(list(got), ["success", "filename", "size", "path", "sha256", "duplicate",
                                     "server_time"])
        self.assertIs(got["success"], True)
        self.assertEqual(got["size"], len(data))
        self.assertEqual(got["sha256"], sha256(data))
        self.assertIs(got["duplicate"], duplicate)
        self.assertEqual(got["path"], os.path.join(os.path.realpath(self.relay.photos),
                                                   got["filename"]))
        told = time.strptime(got["server_time"], "%Y-%m-%dT%H:%M:%SZ")
        self.assertLess(abs(time.mktime(told) - time.mktime(time.gmtime())), 5 + PATIENCE)
        with open(got["path"], "rb") as file:
            self.assertEqual(file.read(), data)
        if duplicate:
            self.assertEqual(self.acked[got["filename"]], sha256(data))
        else:
            self.assertNotIn(got["filename"], self.acked)
        self.acked[got["filename"]] = sha256(data)

    def assert_refused(self, status, got, expect, code):
        self.assertEqual((status, got.get("code")), (expect, code), got)
        self.assertEqual(list(got), ["success", "error", "code"])
        self.assertIs(got["success"], False)
        self.assertGreater(len(got["error"]), 10)

    def exchange(self, *pieces):
        """Sends the pieces as TCP pieces of their own; (status, JSON, headers)."""
        with self.relay.connect() as c:
            for piece in pieces:
                c.send_quietly(piece)
            answer = c.answer()
            return answer.status, json.loads(answer.body), answer.headers


def post(body, *fields, target=b"/upload", method=b"POST", length=None):
    length = b"Content-Length: %d" % (len(body) if length is None else length)
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", b"Host: relay", *fields, length,
                         b"", b""]) + body
