"""The front door from outside: framing, early answers, slow and vanishing clients."""
import json
import os
import select
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fronting import HIDDEN, JPEG, FrontCase, chunked, upload  # noqa: E402
from support import Closed, wait_until  # noqa: E402


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
        self.refused_by_library("line ends before it", b"\r\n" * 20000 + upload(), 414, 400,
                                "closed")
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


if __name__ == "__main__":
    unittest.main()
