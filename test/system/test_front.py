"""The front door from outside: what is right is taken however it is cut, bodies of answers, doors."""
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fronting import FRONT, HIDDEN, JPEG, FrontCase, chunked, upload  # noqa: E402
from support import BUILD, Closed, Connection, Program, wait_until  # noqa: E402


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

    def test_many_stray_line_ends_before_a_request_line(self):
        for count in (2, 3, 10, 1000):
            for first in (True, False):
                with self.subTest(count=count, first=first), self.connect() as c:
                    if not first:
                        c.send(upload())
                        self.assert_stored(c.answer())
                    before = self.stats()
                    c.send_quietly(b"\r\n" * count + upload())
                    if b"library=0." in self.front.said:
                        self.assert_stored(c.answer())
                        continue
                    try:  # from 1.0 on libmicrohttpd may call it a fault, and then ends there
                        answer = c.answer()
                    except Closed:
                        answer = None
                    if answer and answer.status == 200:
                        self.assert_stored(answer)
                        continue
                    self.assertTrue(answer is None or answer.status == 400)
                    self.assertTrue(c.is_closed())
                    self.assertEqual(self.stats()["finished"], before["finished"])

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
