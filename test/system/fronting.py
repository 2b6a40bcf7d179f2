"""What the tests of the front door share: front_echo, the port with a tiny handler.

Every attack also shows in its counters: what it never got as a whole body (`finished`), and the
hidden request it never saw (`heads`).
"""
import json
import os
import unittest
import zlib

from support import BUILD, Connection, Program

FRONT = os.path.join(BUILD, "test/system/front_echo")
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20 + b"\xff\xd9"
HIDDEN = b"GET /echo/hidden HTTP/1.1\r\nHost: x\r\n\r\n"


def upload(body=JPEG, extra=b"", target=b"/upload", length=None):
    length = len(body) if length is None else length
    return (b"POST " + target + b" HTTP/1.1\r\nHost: relay\r\n" + extra +
            b"Content-Length: %d\r\n\r\n" % length + body)


def chunked(pieces, trailer=b""):
    body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces)
    return body + b"0\r\n" + trailer + b"\r\n"


class FrontCase(unittest.TestCase):
    options = ()

    def setUp(self):
        self.front = Program([FRONT, *self.options])
        self.running = True

    def tearDown(self):
        if self.running:
            self.stop()

    def stop(self):
        self.running = False
        out, err = self.front.stop()
        told = dict(part.split("=") for part in out.split("closed ")[1].split())
        self.assertEqual(told["heads"], told["gone"], "an exchange that never ended")
        self.assertEqual(told["sources"], "0", "a source that was never closed")
        self.assertEqual(err, "")

    def connect(self, host="127.0.0.1"):
        return Connection(self.front.port, host)

    def stats(self):
        with self.connect() as c:
            c.send(b"GET /stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return json.loads(c.answer().body)

    def exchange(self, request):
        with self.connect() as c:
            c.send(request)
            return c.answer()

    def assert_stored(self, answer, body=JPEG):
        self.assertEqual(answer.status, 200)
        got = json.loads(answer.body)
        self.assertEqual((got["bytes"], got["crc"]), (len(body), zlib.crc32(body)))

    def assert_refusal(self, answer, status, code=None):
        self.assertEqual(answer.status, status)
        self.assertEqual(answer.headers["connection"], "close")
        self.assertEqual(answer.headers["content-type"], "application/json")
        got = json.loads(answer.body)
        self.assertIs(got["success"], False)
        self.assertTrue(got["error"])
        if code:
            self.assertEqual(got["code"], code)
