"""The front door from outside: framing, early answers, slow and vanishing clients, bodies of answers.

front_echo is the port with a tiny handler; every attack also shows in its counters: what it never
got as a whole body (`finished`), and the hidden request it never saw (`heads`).
"""
import json
import os
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import BUILD, Closed, Connection, Program, wait_until  # noqa: E402

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


class Framing(FrontCase):
    """Whatever two readers could understand differently is refused, and nothing behind it served."""

    def attack(self, name, request, statuses, ours=True):
        # From 1.0 on libmicrohttpd finds most of it first, and answers with a page of its own.
        ours = ours and b"library=0." in self.front.said
        with self.subTest(name):
            before = self.stats()
            with self.connect() as c:
                c.send_quietly(request + HIDDEN)
                try:
                    answer = c.answer()
                    self.assertIn(answer.status, statuses)
                    if ours:
                        self.assert_refusal(answer, answer.status)
                        self.assertTrue(c.is_closed())
                    else:  # the library's own page
                        self.assertNotIn(b"hidden", c.rest())
                except Closed:
                    self.assertIn("closed", statuses)
            after = self.stats()
            self.assertEqual(after["finished"], before["finished"], "a body was handed over")
            return after["heads"] - before["heads"] - 1  # the second /stats itself

    def refused(self, name, request, status=400):
        self.assertEqual(self.attack(name, request, (status,)), 0, name)

    def refused_by_library(self, name, request, *statuses):
        heads = self.attack(name, request, statuses or (400, "closed"), ours=False)
        self.assertLessEqual(heads, 1, name)  # 1: the fault is in the body, the head was fine

    def test_lengths_that_two_readers_could_read_differently(self):
        head = b"POST /upload HTTP/1.1\r\nHost: x\r\n"
        self.refused("two lengths", head + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello")
        self.refused("two equal lengths",
                     head + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello")
        self.refused("two lengths apart",
                     head + b"Content-Length: 0\r\nA: b\r\ncontent-length: 5\r\n\r\nhello")
        self.refused("length and chunked",
                     head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        self.refused("chunked and length",
                     head + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n")
        for bad in (b"+5", b"-5", b"0x5", b"5, 5", b"5,5", b"5 5", b"5;", b"5.0", b"1e1", b"", b" ",
                    b"five", b"5\x0b", b"18446744073709551616", b"99999999999999999999999"):
            self.refused_by_library(f"length {bad!r}",
                                    head + b"Content-Length: " + bad + b"\r\n\r\nhello",
                                    400, 413, "closed")

    def test_transfer_codings_other_than_chunked(self):
        head = b"POST /upload HTTP/1.1\r\nHost: x\r\n"
        for bad in (b"gzip", b"identity", b"gzip, chunked", b"chunked, chunked", b"chunked;a=b",
                    b"xchunked", b"\"chunked\"", b"", b"chunked,", b"\x0bchunked"):
            self.refused(f"coding {bad!r}",
                         head + b"Transfer-Encoding: " + bad + b"\r\n\r\n0\r\n\r\n")
        self.refused("coding twice", head + b"Transfer-Encoding: chunked\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        self.refused("coding twice, hidden", head + b"Transfer-Encoding: chunked\r\n"
                     b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n")
        self.refused("coding in 1.0", b"POST /upload HTTP/1.0\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")

    def test_folded_headers(self):
        for line in (b"A: b\r\n c\r\n", b"A: b\r\n\tc\r\n", b"A: b\r\n \r\n", b" A: b\r\n",
                     b"A:\r\n b\r\n", b"Transfer-Encoding:\r\n chunked\r\n",
                     b"Content-Length: 1\r\n 0\r\n", b"X: y\r\n Content-Length: 100\r\n"):
            self.refused(f"{line!r} last", b"POST /upload HTTP/1.1\r\nHost: x\r\n" + line + b"\r\n")
            self.refused(f"{line!r} first", b"POST /upload HTTP/1.1\r\n" + line + b"Host: x\r\n\r\n")

    def test_a_fold_at_every_distance_from_the_end_of_the_buffer(self):
        # The library unfolds by moving memory; where the head ends must not decide what we see.
        for pad in range(3440, 3620):
            head = (b"GET /echo HTTP/1.1\r\nHost: x\r\nP: " + b"p" * pad + b"\r\nX: y\r\n a\r\n\r\n")
            self.assertEqual(self.exchange(head).status, 400, pad)

    def test_names_that_are_no_tokens(self):
        head = b"POST /upload HTTP/1.1\r\nHost: x\r\n"
        for name in (b"Content-Length ", b"Content Length", b"Content-Length\t", b"\x0bA", b"A\x80",
                     b"A(", b"A\x7f", b"A/b", b"A\"", b"A\x01", b"\xffA", b"{A}", b"A@b"):
            self.refused(f"name {name!r}", head + name + b": 5\r\n\r\nhello")
        self.refused("empty name", head + b": 5\r\n\r\n")
        self.refused_by_library("no colon", head + b"A\r\n\r\n")
        self.refused_by_library("NUL in a name", head + b"A\0B: c\r\n\r\n")

    def test_control_bytes_in_values(self):
        for byte in [*range(0, 9), 11, 12, *range(14, 32), 127]:
            for value in (b"a%sb", b"%s", b"a%s"):
                self.refused(f"{byte} in {value}", b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Echo: " +
                             value % bytes([byte]) + b"\r\n\r\n")
        for value in (b"a\rb", b"\ra", b"a\r", b"a\r\rb"):
            self.refused(f"bare CR {value}", b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Echo: " + value +
                         b"\r\n\r\n")
        self.refused("NUL, then a hidden length", b"POST /upload HTTP/1.1\r\nHost: x\r\n"
                     b"A: b\0Content-Length: 5\r\n\r\n")

    def test_lines_that_end_in_a_bare_line_feed(self):
        for request in (b"GET /echo HTTP/1.1\nHost: x\r\n\r\n", b"GET /echo HTTP/1.1\r\nHost: x\n\r\n",
                        b"GET /echo HTTP/1.1\r\nHost: x\r\n\n", b"GET /echo HTTP/1.1\nHost: x\n\n",
                        b"GET /echo HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n"):
            self.refused(f"{request!r}", request)

    def test_versions(self):
        for version in (b"HTTP/1.2", b"HTTP/1.9"):
            self.refused(f"{version}", b"GET /echo " + version + b"\r\nHost: x\r\n\r\n", 505)
        for version in (b"HTTP/0.9", b"HTTP/2.0", b"HTTP/3.0", b"http/1.1", b"HTTP/1.10", b"HTTP/11",
                        b"HTTP/1,1", b"HTTP/+1.1", b"HTTP/1.1x", b"HTTP", b"HTTPS/1.1", b"FTP/1.1"):
            self.refused_by_library(f"{version}", b"GET /echo " + version + b"\r\nHost: x\r\n\r\n",
                                    400, 505, "closed")
        self.refused_by_library("no version", b"GET /echo\r\nHost: x\r\n\r\n")
        self.refused_by_library("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
                                400, 505, "closed")
        self.refused_by_library("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")

    def test_hosts(self):
        self.refused("no host", b"GET /echo HTTP/1.1\r\n\r\n")
        self.refused("two hosts", b"GET /echo HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n")
        for bad in (b"a b", b"a,b", b"a/b", b"a@b", b"a?b", b"a#b", b"\xe9", b"a\\b", b"<a>"):
            self.refused(f"host {bad!r}", b"GET /echo HTTP/1.1\r\nHost: " + bad + b"\r\n\r\n")
        for good in (b"", b"a.b", b"a:5000", b"[::1]:5000", b"192.168.0.1", b"a_b-c"):
            answer = self.exchange(b"GET /echo HTTP/1.1\r\nHost: " + good + b"\r\n\r\n")
            self.assertEqual(answer.status, 200, good)
        self.assertEqual(self.exchange(b"GET /echo HTTP/1.0\r\n\r\n").status, 200)

    def test_request_lines(self):
        for bad in (b"GET  /echo HTTP/1.1", b"GET\t/echo HTTP/1.1", b"GET /e cho HTTP/1.1",
                    b"GET /echo  HTTP/1.1", b"GET echo HTTP/1.1", b"GET * HTTP/1.1",
                    b"GET /echo#a HTTP/1.1", b"GET /e\x01cho HTTP/1.1", b"G(T /echo HTTP/1.1",
                    b"GET /e\0cho HTTP/1.1", b"GET\0 /echo HTTP/1.1", b"GET http:///echo HTTP/1.1",
                    b"CONNECT x:1 HTTP/1.1", b"GET /%00 HTTP/1.1", b"GET /%zz HTTP/1.1",
                    b"GET /a% HTTP/1.1", b"GET /?x=%0 HTTP/1.1", b" GET /echo HTTP/1.1",
                    b"GET /echo?a\x7f HTTP/1.1", b"GET /e\rcho HTTP/1.1",
                    b"GET /echo HTTP/1.1 HTTP/1.1", b"GET /echo HTTP/1.1 "):
            heads = self.attack(f"{bad!r}", bad + b"\r\nHost: x\r\n\r\n", (400, "closed"), False)
            self.assertEqual(heads, 0, bad)

    def test_chunks(self):
        head = b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        for bad in (b"-1\r\nhello\r\n", b"+5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"g\r\nhello\r\n",
                    b" 5\r\nhello\r\n", b"\r\nhello\r\n", b";a\r\nhello\r\n", b"5 5\r\nhello\r\n",
                    b"5\r\nhelloX\r\n", b"5\r\nhelloXX0\r\n\r\n", b"5\r\nhello\rX0\r\n\r\n",
                    b"10000000000000005\r\nhello\r\n", b"ffffffffffffffff1\r\nhello\r\n",
                    b"5\rXhello\r\n0\r\n\r\n", b"5_0\r\nhello\r\n", b"\xb5\r\nhello\r\n",
                    b"1" * 20000 + b"\r\nhello\r\n"):
            self.refused_by_library(f"{bad[:30]!r}", head + bad + b"\r\n0\r\n\r\n", 400, 413, 500,
                                    "closed")

    def test_heads_that_are_too_long(self):
        filler = b"a" * 100000
        self.refused_by_library("target", b"GET /" + filler + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414)
        self.refused_by_library("query", b"GET /echo?x=" + filler + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                                414)
        self.refused_by_library("method", filler + b" / HTTP/1.1\r\nHost: x\r\n\r\n", 414, 400,
                                "closed")
        self.refused_by_library("value", b"GET / HTTP/1.1\r\nHost: x\r\nA: " + filler + b"\r\n\r\n",
                                431)
        self.refused_by_library("name", b"GET / HTTP/1.1\r\nHost: x\r\n" + filler + b": a\r\n\r\n",
                                431)
        self.refused_by_library("many", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20000 +
                                b"\r\n", 431)
        answer = self.exchange(b"GET /echo HTTP/1.1\r\nHost: x\r\nCookie: " + b"c" * 1024 +
                               b"\r\nX-Echo: " + b"e" * 200 + b"\r\n\r\n")
        self.assertIn(b"e" * 200, answer.body)

    def test_expectations(self):
        self.refused("unknown", upload(extra=b"Expect: 200-ok\r\n", body=b""), 417)
        with self.connect() as c:
            c.send(upload(body=b"", length=len(JPEG), extra=b"Expect: 100-continue\r\n"))
            self.assertEqual(c.answer().status, 100)
            c.send(JPEG)
            self.assert_stored(c.answer())
        self.assert_stored(self.exchange(upload(extra=b"Expect:\r\n")))
        with self.connect() as c:  # refused before the body: no 100
            c.send(upload(body=b"", length=len(JPEG), extra=b"Expect: 100-continue\r\n",
                          target=b"/upload?refuse=head"))
            self.assertEqual(c.answer().status, 413)
            self.assertTrue(c.is_closed())


class Conformance(FrontCase):
    """What is right must be taken, however it is cut."""

    def test_a_request_byte_by_byte(self):
        with self.connect() as c:
            for request in (upload(), b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                            b"chunked\r\n\r\n" + chunked([JPEG[:7], JPEG[7:]])):
                for byte in request:
                    c.send(bytes([byte]))
                self.assert_stored(c.answer())

    def test_a_request_cut_at_every_offset(self):
        small = JPEG[:40]
        requests = (upload(small, extra=b"X-Echo: a\r\nUser-Agent: b\r\n"),
                    b"POST /upload?x=%41&y HTTP/1.1\r\nhost:x\r\nTRANSFER-ENCODING:CHUNKED\r\n\r\n" +
                    chunked([small[:3], small[3:]], b"X-Trailer: t\r\n"))
        with self.connect() as c:
            for request in requests:
                for cut in range(1, len(request)):
                    c.send(request[:cut])
                    time.sleep(0.0005)  # only makes two packets likely; either way it must work
                    c.send(request[cut:])
                    self.assert_stored(c.answer(), small)

    def test_keep_alive_and_pipelining(self):
        with self.connect() as c:
            c.send(b"".join(upload(JPEG[:n]) for n in range(0, 40)) + HIDDEN)
            for n in range(0, 40):
                self.assert_stored(c.answer(), JPEG[:n])
            self.assertEqual(c.answer().body.split(b"|")[1], b"/echo/hidden")

    def test_stray_line_ends_after_a_body(self):
        with self.connect() as c:
            for stray in (b"\r\n", b"", b"\r\n"):
                c.send(upload() + stray)
                self.assert_stored(c.answer())

    def test_closing_and_http_1_0(self):
        with self.connect() as c:
            c.send(b"GET /page HTTP/1.0\r\n\r\n")
            answer = c.answer()
            self.assertEqual(answer.headers["connection"], "close")
            self.assertTrue(c.is_closed())
        with self.connect() as c:
            for _ in range(2):
                c.send(b"GET /page HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                self.assertEqual(c.answer().headers["connection"].lower(), "keep-alive")
        with self.connect() as c:
            c.send(b"GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + HIDDEN)
            self.assertEqual(c.answer().headers["connection"], "close")
            self.assertTrue(c.is_closed())

    def test_targets_and_arguments(self):
        for target, path, argument in (
                (b"/echo/a%20b", b"/echo/a b", b""), (b"/echo?x=1+%26&x=2", b"/echo", b"1 &"),
                (b"http://prusa/echo/abs?x=3", b"/echo/abs", b"3"), (b"/echo?&&y&x", b"/echo", b""),
                (b"/echo/%EC%82%AC%EC%A7%84", b"/echo/\xec\x82\xac\xec\xa7\x84", b""),
                (b"/echo/..%2f..", b"/echo/../..", b"")):
            answer = self.exchange(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            method, got_path, _, got_argument, peer = answer.body.split(b"|")
            self.assertEqual((method, got_path, got_argument, peer),
                             (b"GET", path, argument, b"127.0.0.1"))
        answer = self.exchange(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(answer.status, 404)
        many = b"&".join(b"a%d=b" % n for n in range(17))
        self.assertEqual(self.exchange(b"GET /echo?" + many + b" HTTP/1.1\r\nHost: x\r\n\r\n").status,
                         400)

    def test_headers_come_trimmed_and_in_any_case(self):
        answer = self.exchange(b"GET /echo HTTP/1.1\r\nhOST:x\r\nX-ECHO: \t hi there\t \r\n"
                               b"x-echo: second\r\n\r\n")
        self.assertEqual(answer.body.split(b"|")[2], b"hi there")

    def test_head_has_the_length_and_no_body(self):
        with self.connect() as c:
            for target, length in ((b"/page", "15"), (b"/source?size=5000000", "5000000")):
                c.send(b"HEAD " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(c.answer(head_only=True).headers["content-length"], length)

    def test_parts_of_a_body_may_be_taken_slowly(self):
        body = JPEG * 20
        for target in (b"/upload?take=1000", b"/upload?take=70000", b"/upload?answer=late",
                       b"/upload?take=5000&answer=late"):
            with self.connect() as c:
                for request in (upload(body, target=target),
                                b"PUT " + target + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                                b"chunked\r\n\r\n" + chunked([body[:9000], body[9000:]])):
                    c.send(request)
                    self.assert_stored(c.answer(), body)

    def test_many_at_once(self):
        wrong = []

        def camera():
            try:
                with self.connect() as c:
                    for n in range(30):
                        c.send(upload(JPEG * (n % 5), target=b"/upload?take=3000&answer=late"))
                        self.assert_stored(c.answer(), JPEG * (n % 5))
            except Exception as e:  # pylint: disable=broad-except
                wrong.append(e)
        threads = [threading.Thread(target=camera) for _ in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(wrong, [])


class Cameras(FrontCase):
    """The bytes that cameras in the field really send."""

    def test_arduino_http_client(self):
        self.assert_stored(self.exchange(
            b"POST /upload HTTP/1.1\r\nHost: 192.168.0.5:5000\r\nUser-Agent: ESP32HTTPClient\r\n"
            b"Connection: keep-alive\r\nAccept-Encoding: identity;q=1,chunked;q=0.1,*;q=0\r\n"
            b"Content-Type: multipart/form-data\r\nContent-Length: %d\r\n\r\n" % len(JPEG) + JPEG))

    def test_small_writes_and_nothing_read_before_the_end(self):
        for size in (128, 1024, 2048):
            with self.connect() as c:
                request = upload(JPEG)
                for at in range(0, len(request), size):
                    c.send(request[at:at + size])
                self.assert_stored(c.answer())

    def test_absolute_target_and_line_ends_behind_the_body(self):
        with self.connect() as c:
            c.send(b"PUT http://prusa.example/c/snapshot HTTP/1.0\r\nHost: prusa.example\r\n"
                   b"Content-Type: image/jpg\r\ntoken: abc\r\nfingerprint: def\r\n"
                   b"Content-Length: %d\r\n\r\n" % len(JPEG) + JPEG + b"\r\n\r\n")
            self.assert_stored(c.answer())

    def test_quoted_content_type_and_line_end_behind_the_body(self):
        with self.connect() as c:
            for _ in range(2):
                c.send(upload(extra=b'Content-Type: "multipart/form-data; boundary=12"\r\n') +
                       b"\r\n")
                self.assert_stored(c.answer())

    def test_user_agent_before_host_and_chunks(self):
        self.assert_stored(self.exchange(
            b"POST /upload HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\nHost: relay\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" +
            chunked([JPEG[i:i + 512] for i in range(0, len(JPEG), 512)])))

    def test_a_photo_whose_last_kilobyte_never_comes_is_no_photo(self):
        with self.connect() as c:
            c.send(upload(JPEG[:-1024], length=len(JPEG)))
            c.socket.shutdown(socket.SHUT_WR)
            self.assertTrue(c.is_closed())
        self.assertEqual(self.stats()["finished"], 0)

    def test_a_goodbye_together_with_the_last_bytes_is_noticed(self):
        # Unnoticed, the connection would get a 408 from the rule about slow bodies.
        for n in range(20):
            with self.connect() as c:
                c.send(upload(JPEG[:100 * n], length=len(JPEG)))
                c.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(c.is_closed())


class EarlyAnswers(FrontCase):
    """A client that writes everything before it reads still learns why it was refused."""

    def refused_early(self, target, size, chunks=False):
        with self.connect() as c:
            body = b"x" * size
            if chunks:
                c.send(b"POST " + target + b" HTTP/1.1\r\nHost: x\r\n"
                       b"Transfer-Encoding: chunked\r\n\r\n" + chunked([body]))
            else:
                c.send(upload(body, target=target))
            answer = c.answer()
            self.assertEqual(answer.status, 413)
            self.assertEqual(answer.headers["connection"], "close")
            self.assertEqual(json.loads(answer.body)["code"], "too_large")
            c.send_quietly(HIDDEN)
            self.assertTrue(c.is_closed())

    def test_before_the_body(self):
        for size in (1, 3000, 70000, 1000000):
            self.refused_early(b"/upload?refuse=head", size)

    def test_in_the_middle_of_the_body(self):
        for size in (20000, 70000, 1000000):
            self.refused_early(b"/upload?refuse=1", size, size == 70000)

    def test_a_client_that_goes_on_writing_is_not_reset(self):
        for target in (b"/upload?refuse=head", b"/upload?refuse=1"):
            with self.connect() as c:
                c.send(upload(b"x" * 9000, target=target, length=500000))
                self.assertEqual(select.select([c.socket], [], [], 30)[0], [c.socket])
                for _ in range(60):  # the answer is out; unread, as on a camera
                    c.send(b"x" * 1000)
                    time.sleep(0.002)  # a reset would have time to come
                self.assertEqual(c.answer().status, 413)
                self.assertTrue(c.is_closed())

    def test_with_the_last_byte_of_the_body(self):
        with self.connect() as c:
            for _ in range(2):
                c.send(upload(b"123", target=b"/upload?refuse=3"))
                self.assertEqual(c.answer().status, 413)  # nothing is owed: it goes on

    def test_of_an_endless_body_only_so_much_is_read(self):
        for target in (b"/upload?refuse=head", b"/upload?refuse=1000"):
            with self.connect() as c:
                c.send(upload(b"", target=target, length=1 << 40))
                sent = 0
                while c.send_quietly(b"x" * 65536):
                    sent += 65536
                    self.assertLess(sent, 64 << 20)
        self.assertEqual(self.stats()["finished"], 0)

    def test_answers_in_the_middle_count_as_sent(self):
        for _ in range(10):
            self.refused_early(b"/upload?refuse=1", 20000)
        wait_until(lambda: self.stats()["sent"] >= 10, "gone() for each")


class Vanishing(FrontCase):
    """Clients that leave at any moment cost nothing and are told to the handler."""

    def test_twenty_clients_leave_in_the_middle_of_a_body(self):
        before = self.front.descriptors()
        for n in range(20):
            c = self.connect()
            c.send(upload(JPEG[:1000], length=len(JPEG), target=b"/upload?take=300"))
            c.reset() if n % 2 else c.socket.close()
        for n in range(20):
            c = self.connect()
            c.send(upload(target=b"/upload?answer=late"))
            c.reset() if n % 2 else c.socket.close()
        wait_until(lambda: self.stats()["connections"] == 1, "connections closed")
        wait_until(lambda: self.stats()["gone"] >= 40, "gone() for each")
        wait_until(lambda: self.front.descriptors() <= before + 1, "descriptors closed")

    def test_clients_leave_at_every_offset_of_a_request(self):
        request = upload(b"12345")
        for cut in range(len(request)):
            c = self.connect()
            c.send(request[:cut])
            c.socket.close()
        wait_until(lambda: self.stats()["connections"] == 1, "connections closed")
        self.assertEqual(self.stats()["finished"], 0)

    def test_clients_leave_while_a_source_is_sent(self):
        for _ in range(20):
            c = self.connect()
            c.send(b"GET /source?size=100000000 HTTP/1.1\r\nHost: x\r\n\r\n")
            c.socket.recv(1000)
            c.reset()
        wait_until(lambda: self.stats()["sources"] == 0, "sources closed")

    def test_the_end_comes_while_all_kinds_of_clients_are_there(self):
        held = []
        for request in (b"", b"GET /e", upload(b"", length=5), upload(target=b"/upload?hang=1"),
                        b"GET /source?size=900000000 HTTP/1.1\r\nHost: x\r\n\r\n",
                        upload(JPEG * 20, target=b"/upload?take=1"), b"\x16\x03\x01"):
            for _ in range(5):
                held.append(self.connect())
                held[-1].send(request)
        wait_until(lambda: self.stats()["heads"] >= 20, "all of them in")
        self.stop()
        for c in held:
            c.socket.close()


class Sources(FrontCase):
    """Bodies that are read while they are sent."""

    @staticmethod
    def pattern(size):
        return bytes(((i * 7) & ((1 << 64) - 1)) >> 3 & 0xff for i in range(size))

    def test_every_byte_arrives(self):
        with self.connect() as c:
            for size in (0, 1, 4095, 4096, 4097, 65535, 65536, 65537, 300000):
                for how in (b"", b"&length=0", b"&wait=1", b"&length=0&wait=1"):
                    c.send(b"GET /source?size=%d%s HTTP/1.1\r\nHost: x\r\n\r\n" % (size, how))
                    answer = c.answer()
                    self.assertEqual(answer.body, self.pattern(size), (size, how))
                    self.assertEqual("content-length" in answer.headers, b"length" not in how)

    def test_without_a_length_http_1_0_gets_it_till_close(self):
        with self.connect() as c:
            c.send(b"GET /source?size=100000&length=0 HTTP/1.0\r\n\r\n")
            self.assertEqual(len(c.answer().body), 100000)

    def test_a_source_that_fails_never_looks_whole(self):
        for how in (b"", b"&length=0"):
            for fail in (0, 1, 65536, 99999):
                with self.connect() as c, self.assertRaises((Closed, ValueError)):
                    c.send(b"GET /source?size=100000&fail=%d%s HTTP/1.1\r\nHost: x\r\n\r\n" %
                           (fail, how))
                    c.answer()

    def test_a_source_shorter_than_promised_does_not_count_as_sent(self):
        sent = self.stats()["sent"]
        with self.connect() as c, self.assertRaises(Closed):
            c.send(b"GET /source?size=1000&promise=2000 HTTP/1.1\r\nHost: x\r\n\r\n")
            c.answer()
        self.assertEqual(self.stats()["sent"], sent + 1)  # the first /stats itself

    def test_a_source_that_stalls_for_ever_stops_neither_the_others_nor_the_end(self):
        with self.connect() as c:
            c.send(b"GET /source?stall=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = self.exchange(b"GET /source?size=99999 HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(answer.body, self.pattern(99999))
            for _ in range(10):
                self.assert_stored(self.exchange(upload()))
            self.running = False
            out, err = self.front.stop()
            self.assertIn("sources=1", out)
            self.assertIn("left behind", err)

    def test_more_readers_than_buffers(self):
        held = []
        for _ in range(60):
            c = self.connect()
            c.send(b"GET /source?size=20000000 HTTP/1.1\r\nHost: x\r\n\r\n")
            held.append(c)
        self.assertEqual(self.exchange(b"GET /source?size=99999 HTTP/1.1\r\nHost: x\r\n\r\n").body,
                         self.pattern(99999))
        self.assertLess(self.front.memory_kib(), 64 * 1024)
        for c in held:
            c.socket.close()


class Slow(FrontCase):
    """Slow senders are closed, and do not slow the others."""
    options = ("--head-ms", "600", "--idle-ms", "1200", "--window-ms", "1500")

    def closed_after(self, begin, drip, until=20):
        """Drips a byte every 100 ms until the server hangs up; gives back the seconds."""
        with self.connect() as c:
            c.send(begin)
            if begin.startswith(b"GET /page"):
                c.answer()
            start = time.monotonic()
            c.socket.settimeout(0.1)
            while time.monotonic() - start < until:
                c.send_quietly(drip)
                try:
                    if c.socket.recv(4096) == b"":
                        return time.monotonic() - start
                except socket.timeout:
                    pass
                except ConnectionError:
                    return time.monotonic() - start
        return until

    def test_slow_ones_are_closed(self):
        for name, begin, drip in (
                ("nothing", b"", b""), ("request line", b"G", b"E"),
                ("head", b"GET / HTTP/1.1\r\nA: ", b"a"),
                ("second head", b"GET /page HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nA: ", b"a"),
                ("idle", b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n", b""),
                ("idle line ends", b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n"),
                ("body", upload(b"", length=100000), b"x"),
                ("stalled body", upload(b"x" * 99999, length=100000), b""),
                ("chunks", b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                 b"1\r\nx\r\n")):
            with self.subTest(name):
                self.assertLess(self.closed_after(begin, drip), 20)
        self.assertEqual(self.stats()["finished"], 0)

    def test_a_slow_one_learns_why(self):
        for begin in (b"GET / HTTP/1.1\r\nA: ", upload(b"", length=10)):
            with self.connect() as c:
                c.send(begin)
                self.assert_refusal(c.answer(), 408, "timeout")

    def test_one_who_never_reads_his_answer_is_closed(self):
        with self.connect() as c:
            c.send(b"GET /source?size=900000000 HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_until(lambda: self.stats()["connections"] == 1, "closed")

    def test_a_parked_exchange_is_left_alone(self):
        with self.connect() as c:
            c.send(upload(target=b"/upload?hang=1"))
            c.socket.settimeout(3)
            with self.assertRaises(socket.timeout):
                c.socket.recv(1)

    def test_two_hundred_slow_senders_beside_a_quick_one(self):
        slow = []
        for n in range(200):
            c = self.connect()
            c.send(upload(b"", length=100000) if n % 2 else b"POST /upload HTT")
            slow.append(c)
        for _ in range(20):
            self.assert_stored(self.exchange(upload()))
        for c in slow:
            c.socket.close()


class Doors(FrontCase):
    """Addresses, limits, activation, TLS."""

    def test_a_limit_per_address(self):
        self.stop()
        self.front, self.running = Program([FRONT, "--per-address", "3"]), True
        held = [self.connect() for _ in range(3)]
        for c in held:
            c.send(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
            c.answer()
        with self.connect() as c:
            c.send_quietly(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(c.is_closed())
        for c in held:
            c.socket.close()
        wait_until(lambda: self.can_connect(), "places free again")

    def can_connect(self):
        try:
            return self.stats()["connections"] <= 3
        except Closed:
            return False

    def test_both_families(self):
        if not socket.has_ipv6:
            self.skipTest("no IPv6 here")
        for host, ways in (("::1", ("::1",)), ("::", ("127.0.0.1", "::1"))):
            self.stop()
            self.front, self.running = Program([FRONT, "--host", host]), True
            for way in ways:
                with self.connect(way) as c:
                    c.send(b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n")
                    self.assertEqual(c.answer().body.split(b"|")[4], way.encode())
            # stats() of tearDown-time checks is not used: "::1" does not listen on IPv4

    def test_a_socket_that_already_listens(self):
        self.stop()
        with socket.socket() as ready:
            ready.bind(("127.0.0.1", 0))
            ready.listen(16)
            for _ in range(2):  # the socket survives its first server
                self.front = Program([FRONT, "--listen-fd", str(ready.fileno())],
                                     pass_fds=(ready.fileno(),))
                self.running = True
                self.assertEqual(self.front.port, ready.getsockname()[1])
                self.assert_stored(self.exchange(upload()))
                self.stop()

    def test_tls(self):
        self.stop()
        with tempfile.TemporaryDirectory() as folder:
            key, cert = os.path.join(folder, "key"), os.path.join(folder, "cert")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
                            "-days", "2", "-subj", "/CN=relay"], check=True, capture_output=True)
            self.front = Program([FRONT, "--cert", cert, "--key", key])
            self.running = True
            context = ssl.create_default_context(cafile=cert)
            context.check_hostname = False
            with Connection(self.front.port, wrap=context.wrap_socket) as c:
                for target in (b"/upload", b"/upload?take=3000&answer=late"):
                    c.send(upload(JPEG * 20, target=target))
                    self.assert_stored(c.answer(), JPEG * 20)
                c.send(b"GET /source?size=200000 HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(c.answer().body, Sources.pattern(200000))
            for target in (b"/upload?refuse=head", b"/upload?refuse=1000"):
                with Connection(self.front.port, wrap=context.wrap_socket) as c:
                    c.send(upload(b"x" * 500000, target=target))
                    self.assertEqual(c.answer().status, 413)
            self.stop()

    def test_a_thousand_idle_connections_are_cheap(self):
        before = self.front.memory_kib()
        held = []
        for _ in range(1000):
            c = self.connect()
            c.send(upload())
            self.assert_stored(c.answer())
            held.append(c)
        grown = self.front.memory_kib() - before
        for c in held:
            c.socket.close()
        if "asan" not in BUILD and "tsan" not in BUILD:
            self.assertLess(grown, 1000 * 9)


class OneWrite(FrontCase):
    def test_head_and_small_body_leave_together(self):
        with self.connect() as c:
            for _ in range(3):
                c.send(upload())
                first = c.socket.recv(65536)
                self.assertTrue(first.endswith(b"}\n"), first)


if __name__ == "__main__":
    unittest.main()
