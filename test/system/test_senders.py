"""What cameras and people really send, to the real daemon.

Goal: every proper form is stored byte for byte and answered as promised.
Method: curl, requests, and the bytes of ESP32 clients over raw sockets. Each class starts one
camrelayd; at its end, what is listed must be exactly what was acknowledged.
"""
import json
import os
import subprocess
import sys
import unittest

import requests

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Closed, PATIENCE, form  # noqa: E402
from uploading import JPEG_TYPE, STAMP, Uploads, post  # noqa: E402


class Forms(Uploads):
    """Everything that is a proper upload."""

    def curl(self, *options, expect=200):
        done = subprocess.run(["curl", "-sS", "-m", "60", "-w", "\n%{http_code}", *options, self.url],
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        body, _, status = done.stdout.decode().rpartition("\n")
        self.assertEqual(int(status), expect, body)
        return json.loads(body)

    def test_curl_in_every_form(self):
        big = 250000  # more than two of the relay's chunks
        for size in (200, 3000, big):
            for name, options in (
                    ("form", lambda p: ["-F", f"file=@{p}"]),
                    ("form with a type", lambda p: ["-F", f"file=@{p};type=image/jpeg"]),
                    ("imageFile", lambda p: ["-F", f"imageFile=@{p}"]),
                    ("image", lambda p: ["-F", f"image=@{p}"]),
                    ("photo", lambda p: ["-F", f"photo=@{p}"]),
                    ("upfile", lambda p: ["-F", f"upfile=@{p}"]),
                    ("any one file", lambda p: ["-F", f"whatever=@{p}"]),
                    ("other fields", lambda p: ["-F", "a=1", "-F", f"file=@{p}", "-F", "b=2"]),
                    ("bare jpeg", lambda p: ["--data-binary", f"@{p}", "-H",
                                             "Content-Type: image/jpeg"]),
                    ("bare jpg", lambda p: ["--data-binary", f"@{p}", "-H",
                                            "Content-Type: image/jpg"]),
                    ("bare bytes", lambda p: ["--data-binary", f"@{p}", "-H",
                                              "Content-Type: application/octet-stream"]),
                    ("no boundary", lambda p: ["--data-binary", f"@{p}", "-H",
                                               "Content-Type: multipart/form-data"]),
                    ("no type", lambda p: ["--data-binary", f"@{p}", "-H", "Content-Type:"]),
                    ("chunked", lambda p: ["-F", f"file=@{p}", "-H", "Transfer-Encoding: chunked"]),
                    ("bare chunked", lambda p: ["--data-binary", f"@{p}", "-H",
                                                "Content-Type: image/jpeg", "-H",
                                                "Transfer-Encoding: chunked"]),
                    ("expect", lambda p: ["-F", f"file=@{p}", "-H", "Expect: 100-continue"]),
                    ("expect, chunked", lambda p: ["-F", f"file=@{p}", "-H", "Expect: 100-continue",
                                                   "-H", "Transfer-Encoding: chunked"]),
                    ("1.0", lambda p: ["-0", "-F", f"file=@{p}"]),
                    ("1.0, bare", lambda p: ["-0", "--data-binary", f"@{p}", "-H",
                                             "Content-Type: image/jpeg"])):
                with self.subTest(name, size=size):
                    data = self.jpeg(size)
                    self.assert_stored(self.curl(*options(self.file(data))), data)

    def test_a_form_with_two_photos_is_refused_but_file_beats_the_others(self):
        one, two = self.jpeg(), self.jpeg()
        a, b = self.file(one, "a.jpg"), self.file(two, "b.jpg")
        got = self.curl("-F", f"x=@{a}", "-F", f"y=@{b}", expect=400)
        self.assert_refused(400, got, 400, "two_photos")
        self.assert_stored(self.curl("-F", f"x=@{a}", "-F", f"file=@{b}"), two)
        self.assert_stored(self.curl("-F", f"imageFile=@{a}", "-F", f"x=@{b}"), one)

    def test_requests(self):
        with requests.Session() as session:
            for size in (200, 3000, 250000):
                data = self.jpeg(size)
                got = session.post(self.url, files={"file": ("cam.jpg", data, "image/jpeg")})
                self.assertEqual(got.status_code, 200)
                self.assert_stored(got.json(), data)
                data = self.jpeg(size)
                with open(self.file(data, "사진.jpg"), "rb") as file:
                    got = session.post(self.url, files={"file": file}, data={"camera": "door"})
                self.assert_stored(got.json(), data)
                self.assertRegex(got.json()["filename"], "^사진" + STAMP + r"\.jpg$")
                data = self.jpeg(size)
                got = session.post(self.url, data=iter([data[:100], data[100:]]),
                                   headers={"Content-Type": "image/jpeg"})
                self.assert_stored(got.json(), data)

    def test_many_on_one_connection_and_ahead_of_the_answers(self):
        photos = [self.jpeg(1000 + i) for i in range(50)]
        with self.relay.connect() as c:
            for data in photos[:25]:
                c.send(post(data, JPEG_TYPE))
                self.assert_stored(json.loads(c.answer().body), data)
            for data in photos[25:]:
                c.send(post(data, JPEG_TYPE))
            for data in photos[25:]:
                self.assert_stored(json.loads(c.answer().body), data)

    def test_put_as_prusa_cameras_do(self):
        with self.relay.connect() as c:  # with the line ends it sends behind the body
            for _ in range(2):
                data = self.jpeg()
                c.send(post(data, b"Content-Type: image/jpg", b"Fingerprint: 0123456789abcdef",
                            b"Token: abc", method=b"PUT", target=b"http://relay/c/snapshot") +
                       b"\r\n\r\n")
                self.assert_stored(json.loads(c.answer().body), data)
        newest = self.relay.list()[0]
        self.assertEqual(newest["camera"], "0123456789abcdef")

    def test_data_that_looks_like_its_boundary(self):
        edge = b"\r\n--AaB03x"
        for piece in (edge[:-1], edge + b"y", edge[2:], b"\r\n" + edge[:5], edge[:3] * 50,
                      b"\r\r\n--AaB03", edge + b"-", edge + b"-x", b"\r" + edge[:-1] + b"\r\n"):
            data = self.jpeg()
            data = data[:1000] + piece + data[1000:-2] + piece + b"\xff\xd9" + piece
            kind, body = form(data, boundary="AaB03x")
            with self.subTest(piece):
                status, got, _ = self.exchange(post(body, b"Content-Type: " + kind.encode()))
                self.assertEqual(status, 200, got)
                self.assert_stored(got, data)


class Esp32(Uploads):
    """The bytes that ESP32 programs put on the wire."""

    def test_http_client_with_a_bare_photo_and_no_boundary(self):
        data = self.jpeg()
        status, got, headers = self.exchange(
            b"POST /upload HTTP/1.1\r\nHost: 192.168.1.10:5000\r\nUser-Agent: ESP32HTTPClient\r\n"
            b"Connection: keep-alive\r\n"
            b"Accept-Encoding: identity;q=1,chunked;q=0.1,*;q=0\r\n"
            b"Content-Type: multipart/form-data\r\nContent-Length: %d\r\n\r\n" % len(data), data)
        self.assertEqual(status, 200)
        self.assertIn("content-length", headers)
        self.assert_stored(got, data)

    RNT_HEAD = (b"--RandomNerdTutorials\r\nContent-Disposition: form-data; name=\"imageFile\"; "
                b"filename=\"esp32-cam.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n")
    RNT_TAIL = b"\r\n--RandomNerdTutorials--\r\n"

    def random_nerd(self, connection, data):
        """As the tutorial's sketch sends: a write per println, photos in pieces of 1024 bytes, the
        last piece only if it is a shorter one."""
        total = len(data) + len(self.RNT_HEAD) + len(self.RNT_TAIL)
        for line in (b"POST /upload HTTP/1.1", b"Host: 192.168.1.10", b"Content-Length: %d" % total,
                     b"Content-Type: multipart/form-data; boundary=RandomNerdTutorials", b""):
            connection.send(line)
            connection.send(b"\r\n")
        connection.send(self.RNT_HEAD)
        for at in range(0, len(data), 1024):
            if at + 1024 < len(data):
                connection.send(data[at:at + 1024])
            elif len(data) % 1024 > 0:
                connection.send(data[at:])
        connection.send(self.RNT_TAIL)

    def test_random_nerd_tutorials(self):
        for size in (5000, 1023, 1025, 40001):
            data = self.jpeg(size)
            with self.relay.connect() as c:
                self.random_nerd(c, data)
                got = json.loads(c.answer().body)
            self.assert_stored(got, data)
            self.assertRegex(got["filename"], "^esp32-cam" + STAMP + r"\.jpg$")

    def test_its_photo_without_the_last_piece_is_never_acknowledged(self):
        for size in (1024, 8192):
            with self.relay.connect() as c:
                self.random_nerd(c, self.jpeg(size))
                c.socket.settimeout(1)  # it waits for an answer that must not come ...
                with self.assertRaises(TimeoutError):
                    c.answer()
                c.socket.shutdown(1)  # ... and hangs up
                c.socket.settimeout(PATIENCE)
                try:
                    self.assertGreaterEqual(c.answer().status, 400)
                except Closed:
                    pass

    def test_mjpeg2sd_quotes_its_type_and_sends_json_first(self):
        data = self.jpeg()
        edge = b"123456789000000000000987654321"
        body = (b"--" + edge + b"\r\nContent-disposition: form-data; name=\"json\"\r\n"
                b"Content-Type: application/json\r\n\r\n{\"path\": \"/20240101\"}\r\n--" + edge +
                b"\r\nContent-disposition: form-data; name=\"file\"; filename=\"20240101_120000.jpg\""
                b"\r\nContent-Type: application/octet-stream\r\n\r\n" + data +
                b"\r\n--" + edge + b"--\r\n")
        with self.relay.connect() as c:
            for _ in range(2):  # the line end behind the body must not spoil the next request
                c.send(post(body, b"Content-Type: \"multipart/form-data; boundary=" + edge + b"\"") +
                       b"\r\n")
                got = json.loads(c.answer().body)
                self.assert_stored(got, data)
        self.assertRegex(got["filename"], r"^20240101_120000(_\d+|" + STAMP + r")\.jpg$")

    def test_nopnop2002_in_pieces_of_128(self):
        data = self.jpeg()
        body = (b"--X-ESPIDF_MULTIPART\r\nContent-Disposition: form-data; name=\"upfile\"; "
                b"filename=\"image.jpg\"\r\nContent-Type: application/octet-stream\r\n\r\n" + data +
                b"\r\n--X-ESPIDF_MULTIPART--\r\n\r\n")
        request = (b"POST /upload HTTP/1.1\r\nUser-Agent: ESP32\r\nHost: relay\r\nContent-Type: "
                   b"multipart/form-data; boundary=X-ESPIDF_MULTIPART\r\nContent-Length: %d\r\n\r\n"
                   % len(body)) + body
        status, got, _ = self.exchange(*(request[at:at + 128]
                                         for at in range(0, len(request), 128)))
        self.assertEqual(status, 200, got)
        self.assert_stored(got, data)

    def test_udhttp_with_single_quotes_and_an_empty_expectation(self):
        data = self.jpeg()
        body = (b"--12345\r\nContent-Disposition: form-data; name='file'; filename='cam.jpg'\r\n"
                b"Content-Type: image/jpeg\r\n\r\n" + data + b"\r\n--12345--\r\n")
        status, got, _ = self.exchange(post(
            body, b"Expect: ", b"Content-Type: multipart/form-data; boundary=12345"))
        self.assertEqual(status, 200, got)
        self.assert_stored(got, data)
        self.assertRegex(got["filename"], "^cam" + STAMP + r"\.jpg$")

    def test_esp_idf_in_chunks(self):
        data = self.jpeg()
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(data[at:at + 700]), data[at:at + 700])
                          for at in range(0, len(data), 700))
        status, got, _ = self.exchange(
            b"POST /upload HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\nHost: relay\r\n"
            b"Transfer-Encoding: chunked\r\nContent-Type: image/jpeg\r\n\r\n", pieces,
            b"0\r\n\r\n")
        self.assertEqual(status, 200, got)
        self.assert_stored(got, data)

    def test_lower_case_headers_and_odd_part_heads(self):
        data = self.jpeg()
        body = (b"--b\r\nCONTENT-TYPE:image/jpeg\r\ncontent-disposition:form-data;name=file;"
                b"filename=cam.jpg\r\n\r\n" + data + b"\r\n--b--\r\n")
        status, got, _ = self.exchange(
            b"POST /upload HTTP/1.1\r\nhost:relay\r\ncontent-type:multipart/form-data;boundary=b\r\n"
            b"content-length:%d\r\n\r\n" % len(body), body)
        self.assertEqual(status, 200, got)
        self.assert_stored(got, data)

    def test_a_photo_byte_by_byte(self):
        data = self.jpeg(200)
        kind, body = form(data)
        request = post(body, b"Content-Type: " + kind.encode())
        status, got, _ = self.exchange(*(request[at:at + 1] for at in range(len(request))))
        self.assertEqual(status, 200, got)
        self.assert_stored(got, data)

    def test_a_close_delimiter_glued_to_the_photo_stores_nothing(self):
        data = self.jpeg()
        body = (b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n" +
                data + b"--b--\r\n")
        status, got, _ = self.exchange(post(body, b"Content-Type: multipart/form-data; boundary=b"))
        self.assert_refused(status, got, 400, "cut")


del Uploads  # only its classes are tests
if __name__ == "__main__":
    unittest.main()
