"""What cameras and people really send, to the real daemon.

Goal: every proper form is stored byte for byte and answered as promised; everything else stores
nothing, leaves nothing lying about, and gets an answer its sender can still read.
Method: curl, requests, and the bytes of ESP32 clients over raw sockets. Each class starts one
camrelayd; at its end, what is listed must be exactly what was acknowledged.
"""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import requests

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import (Closed, PATIENCE, Relay, RelayCase, SANITIZED, form, make_jpeg,  # noqa: E402
                     sha256, wait_until)

MAX_UPLOAD = 300000
STAMP = r"_\d{8}_\d{6}(_\d+)?"


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


JPEG_TYPE = b"Content-Type: image/jpeg"


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


class Keys(Uploads):
    """One photo per key and camera, whatever happens in between."""

    def test_a_repeat_gets_the_first_answer_and_other_bytes_are_refused(self):
        data, other = self.jpeg(), self.jpeg()
        status, first = self.relay.upload(data, key="k1", camera="door")
        self.assert_stored(first, data)
        for _ in range(3):
            status, again = self.relay.upload(data, key="k1", camera="door", name="else.jpg")
            self.assert_stored(again, data, duplicate=True)
            self.assertEqual(again["filename"], first["filename"])
        status, got = self.relay.upload(other, key="k1", camera="door")
        self.assert_refused(status, got, 422, "key_reused")
        for camera in ("gate", None):  # another camera's key is another key
            status, got = self.relay.upload(other, key="k1", camera=camera)
            self.assertEqual(status, 200)
            self.assert_stored(got, other)

    def test_keys_outlive_both_kinds_of_end(self):
        data = self.jpeg()
        _, first = self.relay.upload(data, key="restart", camera="door")
        self.assert_stored(first, data)
        for end in (self.relay.stop, self.relay.kill):
            end()
            self.relay.start()
            status, again = self.relay.upload(data, key="restart", camera="door")
            self.assertEqual(status, 200, again)
            self.assert_stored(again, data, duplicate=True)
            self.assertEqual(again["filename"], first["filename"])
            status, got = self.relay.upload(self.jpeg(), key="restart", camera="door")
            self.assert_refused(status, got, 422, "key_reused")

    def test_one_key_from_eight_connections_at_once_is_one_file(self):
        for round_ in range(5):
            data = self.jpeg(20000)
            answers = self.at_once(8, lambda i: self.relay.upload(data, key=f"c{round_}"))
            self.assertEqual([status for status, _ in answers], [200] * 8)
            names = {got["filename"] for _, got in answers}
            self.assertEqual(len(names), 1)
            self.assertEqual(sum(not got["duplicate"] for _, got in answers), 1)
            self.acked[names.pop()] = sha256(data)

    def test_one_key_for_two_photos_at_once_keeps_one_of_them(self):
        for round_ in range(5):
            photos = [self.jpeg(20000) for _ in range(8)]
            answers = self.at_once(8, lambda i: self.relay.upload(photos[i], key=f"d{round_}"))
            self.assertEqual(sorted(status for status, _ in answers), [200] + [422] * 7)
            for (status, got), data in zip(answers, photos):
                if status == 200:
                    self.assert_stored(got, data)

    def at_once(self, count, call):
        answers = [None] * count
        barrier = threading.Barrier(count)

        def one(i):
            barrier.wait()
            answers[i] = call(i)

        threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def test_digests(self):
        data = self.jpeg()
        right = base64.b64encode(hashlib.sha256(data).digest()).decode()
        wrong = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
        for digest in (f"sha-256=:{right}:", f"sha-512=:AAAA:, sha-256=:{right}:",
                       f"sha-256=:{right}:;a=1", "unixsum=30637"):
            status, got = self.relay.upload(data, Repr_Digest=digest)
            self.assertEqual(status, 200, (digest, got))
            self.assert_stored(got, data)
        status, got = self.relay.upload(data, Repr_Digest=f"sha-256=:{wrong}:")
        self.assert_refused(status, got, 422, "digest")
        status, got = self.relay.upload(data, key="late", Repr_Digest=f"sha-256=:{wrong}:")
        self.assert_refused(status, got, 422, "digest")
        status, got = self.relay.upload(data, key="late", Repr_Digest=f"sha-256=:{right}:")
        self.assert_stored(got, data)
        for digest in (f"sha-256={right}", "sha-256=:abc:", "sha-256=::", f"sha-256=:{right}", "=",
                       f"sha-256=:{right[:-4]}:"):
            status, got = self.relay.upload(data, Repr_Digest=digest)
            self.assert_refused(status, got, 400, "bad_header")


class Data(Uploads):
    """What is told about a photo comes out again."""

    def test_capture_times_in_the_list(self):
        for sent, told in (("2026-01-14T08:15:02Z", "2026-01-14T08:15:02Z"),
                           ("2026-01-14T17:15:02+09:00", "2026-01-14T08:15:02Z"),
                           ("2026-01-14T08:15:02.5Z", "2026-01-14T08:15:02.500Z"),
                           ("yesterday", None), ("2026-13-14T08:15:02Z", None), (None, None)):
            data = self.jpeg()
            more = {} if sent is None else {"X_Captured_At": sent}
            status, got = self.relay.upload(data, camera="times", **more)
            self.assert_stored(got, data)
            entry = self.relay.list()[0]
            self.assertEqual(entry["filename"], got["filename"])
            captured = entry["captured_at"]
            self.assertIn(captured, (told, told and told.replace(".500Z", "Z")), sent)
            self.assertEqual(entry["camera"], "times")
            self.assertEqual(entry["size"], len(data))
            self.assertRegex(entry["received_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$")
            self.assertEqual(entry["deliveries"], {})

    def test_numbers_that_are_missing_are_counted(self):
        for boot, seq in ((7, 1), (7, 2), (7, 5), (7, 4), (8, 1), (8, 3)):
            data = self.jpeg()
            status, got = self.relay.upload(data, camera="seq", X_Camera_Boot=str(boot),
                                            X_Camera_Seq=str(seq))
            self.assert_stored(got, data)
        row = next(c for c in self.relay.get("/cameras")["cameras"] if c["camera"] == "seq")
        self.assertEqual(row["photos"], 6, row)
        self.assertEqual(row["missing"], 2, row)  # 3 of boot 7, 2 of boot 8

    def test_pages_of_the_list(self):
        names = []
        for _ in range(7):
            data = self.jpeg()
            _, got = self.relay.upload(data, camera="pages")
            self.assert_stored(got, data)
            names.append(got["filename"])
        seen, cursor = [], ""
        while cursor is not None:
            page = self.relay.get(f"/list?limit=3&camera=pages{cursor}")
            self.assertEqual(page["count"], len(page["files"]))
            self.assertLessEqual(page["count"], 3)
            seen += [f["filename"] for f in page["files"]]
            cursor = page["next"] and f"&cursor={page['next']}"
        self.assertEqual(seen, names[::-1])


class Names(Uploads):
    """Names are data; where a file lies is ours to say."""

    def test_two_photos_in_one_second_and_sixty_four_at_once(self):
        photos = [self.jpeg() for _ in range(64)]
        answers = Keys.at_once(self, 64, lambda i: self.relay.upload(photos[i], name="cam.jpg"))
        for (status, got), data in zip(answers, photos):
            self.assertEqual(status, 200, got)
            self.assert_stored(got, data)
            self.assertRegex(got["filename"], "^cam" + STAMP + r"\.jpg$")
        self.assertEqual(len({got["filename"] for _, got in answers}), 64)

    def test_names_of_strangers(self):
        for sent, stem in (
                ("photo.jpg", "photo"), ("", "photo"), (".jpg", "photo"), ("..", "photo"),
                ("../../../etc/passwd", "passwd"), ("/etc/cron.d/x.jpg", "x"), ("a/", "photo"),
                ("C:\\\\fakepath\\\\door.jpg", "door"), ("..\\\\..\\\\x.jpg", "x"),
                (".hidden.jpg", "hidden"), (".camrelay/state.db", "state"),
                ("~root.jpg", "root"), ("-rf.jpg", "-rf"), ("a b.jpg", "a_b"), ("a;b|c&d.jpg", "abcd"),
                ("사진 1.jpg", "사진_1"), ("Ünï.jpeg", "Ünï"), ("a.php", "a"), ("x.tar.gz", "x.tar"),
                ("%2e%2e%2fx.jpg", "2e2e2fx"), ("a" * 251 + ".jpg", "a" * 160),
                ("가" * 83 + ".jpg", "가" * 53), ("photo_20240101_120000.jpg", None)):
            data = self.jpeg()
            kind, body = form(data, filename=sent)
            status, got, _ = self.exchange(post(body, b"Content-Type: " + kind.encode()))
            with self.subTest(sent):
                self.assertEqual(status, 200, got)
                self.assert_stored(got, data)
                if stem is None:
                    self.assertEqual(got["filename"], sent)
                else:
                    self.assertRegex(got["filename"], "^" + re.escape(stem) + STAMP + r"\.jpg$")

    def test_names_in_the_extended_form(self):
        data = self.jpeg()
        for sent, stem in (("UTF-8''%EB%AC%B8.jpg", "문"), ("UTF-8''..%2F..%2Fx.jpg", "x"),
                           ("UTF-8'ko'a%20b.jpg", "a_b")):
            data = self.jpeg()
            body = (f"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"old.jpg\"; "
                    f"filename*={sent}\r\n\r\n").encode() + data + b"\r\n--b--\r\n"
            status, got, _ = self.exchange(
                post(body, b"Content-Type: multipart/form-data; boundary=b"))
            self.assertEqual(status, 200, got)
            self.assert_stored(got, data)
            self.assertRegex(got["filename"], "^" + stem + STAMP + r"\.jpg$")

    def test_control_bytes_in_names_store_nothing_or_are_left_out(self):
        for sent in (b"a\0.jpg", b"a\r.jpg", b"a\n.jpg", b"a\r\nX: y.jpg", b"\0", b"a\r\n\r\nb.jpg"):
            kind, body = form(self.jpeg(), filename=sent)
            status, got, _ = self.exchange(post(body, b"Content-Type: " + kind.encode()))
            self.assertEqual(status, 400 if b"\r\n\r\n" not in sent else status, (sent, got))
            self.assertGreaterEqual(status, 400, (sent, got))
        for sent in (b"a\x01b.jpg", b"a\x7fb.jpg", b"a\xffb.jpg", b"a\xc2\x85b.jpg", b"a\xed\xa0\x80b"):
            data = self.jpeg()
            kind, body = form(data, filename=sent)
            status, got, _ = self.exchange(post(body, b"Content-Type: " + kind.encode()))
            self.assertEqual(status, 200, (sent, got))
            self.assert_stored(got, data)
            self.assertRegex(got["filename"], "^ab" + STAMP + r"\.jpg$")
        for sent in ("UTF-8''a%00b.jpg", "UTF-8''a%0D%0Ab.jpg"):
            data = self.jpeg()
            body = (f"--b\r\nContent-Disposition: form-data; name=\"file\"; filename*={sent}\r\n\r\n"
                    ).encode() + data + b"\r\n--b--\r\n"
            status, got, _ = self.exchange(
                post(body, b"Content-Type: multipart/form-data; boundary=b"))
            if status == 200:
                self.assert_stored(got, data)
                self.assertNotRegex(got["filename"], r"[\0\r\n]")
            else:
                self.assertEqual(status, 400)


class Limits(Uploads):
    """At the limit it works, one past it does not."""

    def test_the_largest_photo(self):
        for at, expect in ((MAX_UPLOAD - 1, 200), (MAX_UPLOAD, 200), (MAX_UPLOAD + 1, 413)):
            for how in ("bare", "form", "chunked"):
                data = self.jpeg(at)
                if how == "bare":
                    status, got = self.relay.upload(data)
                elif how == "form":
                    status, got = self.relay.upload(data, name="a.jpg")
                else:
                    pieces = b"".join(b"%x\r\n%s\r\n" % (len(data[i:i + 50000]), data[i:i + 50000])
                                      for i in range(0, len(data), 50000))
                    status, got, _ = self.exchange(
                        b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n")
                with self.subTest(how, size=at):
                    self.assertEqual(status, expect, got)
                    if status == 200:
                        self.assert_stored(got, data)
                    else:
                        self.assert_refused(status, got, 413, "too_large")

    def test_lengths_of_keys_and_cameras(self):
        for key, expect in (("k" * 256, 200), ("k" * 257, 400), ("한" * 85, 200), ("한" * 86, 400)):
            data = self.jpeg()
            status, got, _ = self.exchange(post(data, JPEG_TYPE, b"Idempotency-Key: " + key.encode()))
            self.assertEqual(status, expect, (key, got))
            if status == 200:
                self.assert_stored(got, data)
            else:
                self.assert_refused(status, got, 400, "bad_header")
        for camera, expect in (("c" * 64, 200), ("c" * 65, 400)):
            data = self.jpeg()
            status, got = self.relay.upload(data, camera=camera)
            self.assertEqual(status, expect, (camera, got))
            if status == 200:
                self.assert_stored(got, data)
                self.assertEqual(self.relay.list()[0]["camera"], camera)
            else:
                self.assert_refused(status, got, 400, "bad_header")

    def test_headers_that_are_too_long(self):
        data = self.jpeg()
        with self.relay.connect() as c:
            c.send_quietly(post(data, JPEG_TYPE, b"X: " + b"x" * 100000))
            self.assertEqual(c.answer().status, 431)
        status, got, _ = self.exchange(post(data, JPEG_TYPE, b"X: " + b"x" * 1500))
        self.assert_stored(got, data)

    def test_the_smallest_things(self):
        for data in (b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff"):
            status, got = self.relay.upload(data)
            self.assertEqual(status, 400 if data == b"" else 415, (data, got))
            status, got = self.relay.upload(data, name="a.jpg")
            self.assertIn(status, (400, 415), (data, got))


class Refusals(Uploads):
    """Each with the right status and code, and nothing stored."""

    def test_what_is_no_photo(self):
        whole = self.jpeg()
        for name, fields, body, status, code in (
                ("text", (b"Content-Type: text/plain",), b"hello", 415, "not_jpeg"),
                ("json", (b"Content-Type: application/json",), b"{}", 415, "not_jpeg"),
                ("png", (JPEG_TYPE,), b"\x89PNG\r\n\x1a\n" + bytes(500), 415, "not_jpeg"),
                ("cut", (JPEG_TYPE,), whole[:-2], 415, "jpeg_cut"),
                ("urlencoded", (b"Content-Type: application/x-www-form-urlencoded",), b"a=b", 415,
                 "not_jpeg"),
                ("unbounded and no photo", (b"Content-Type: multipart/form-data",), b"--x\r\n" * 20,
                 400, "malformed"),
                ("bad boundary", (b"Content-Type: multipart/form-data; boundary=\"\"",), whole, 400,
                 "malformed"),
                ("long boundary", (b"Content-Type: multipart/form-data; boundary=" + b"b" * 71,),
                 whole, 400, "malformed"),
                ("two boundaries", (b"Content-Type: multipart/form-data; boundary=a; boundary=b",),
                 whole, 400, "malformed"),
                ("no part", (b"Content-Type: multipart/form-data; boundary=b",), b"--b--\r\n", 400,
                 "no_photo"),
                ("only fields", (b"Content-Type: multipart/form-data; boundary=b",),
                 b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n", 400,
                 "no_photo"),
                ("an empty file", (b"Content-Type: multipart/form-data; boundary=b",),
                 b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n"
                 b"\r\n--b--\r\n", 400, "no_photo"),
                ("no final boundary", (b"Content-Type: multipart/form-data; boundary=b",),
                 b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n"
                 + whole, 400, "cut"),
                ("half a final boundary", (b"Content-Type: multipart/form-data; boundary=b",),
                 b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n"
                 + whole + b"\r\n--b-", 400, "cut")):
            with self.subTest(name):
                got = self.exchange(post(body, *fields))
                self.assert_refused(got[0], got[1], status, code)

    def test_wrong_methods_and_addresses(self):
        for method, path, allow in (("GET", "/upload", "POST, OPTIONS"),
                                    ("PUT", "/upload", "POST, OPTIONS"),
                                    ("DELETE", "/upload", "POST, OPTIONS"),
                                    ("POST", "/c/snapshot", "PUT, OPTIONS"),
                                    ("POST", "/list", "GET, HEAD, OPTIONS"),
                                    ("DELETE", "/health", "GET, HEAD, OPTIONS")):
            status, headers, body = self.relay.request(method, path)
            self.assertEqual((status, headers["Allow"]), (405, allow), (method, path))
            self.assertEqual(json.loads(body)["code"], "method")
            status, headers, body = self.relay.request("OPTIONS", path)
            self.assertEqual((status, headers["Allow"], body), (204, allow, b""))
        status, _, body = self.relay.request("POST", "/uploads", self.jpeg())
        self.assertEqual((status, json.loads(body)["code"]), (404, "not_found"))

    def test_no_length(self):
        with self.relay.connect() as c:
            c.send(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n\r\n")
            answer = c.answer()
        self.assert_refused(answer.status, json.loads(answer.body), 411, "no_length")

    def test_a_client_that_writes_everything_first_sees_each_answer(self):
        big = bytes(900000)  # below what is drained
        for name, request, status in (
                ("413", post(big, JPEG_TYPE), 413), ("415", post(big, b"Content-Type: text/plain"), 415),
                ("415 later", post(big, JPEG_TYPE, length=250000)[:len(big)], 415),
                ("405", post(big, JPEG_TYPE, method=b"PATCH"), 405),
                ("404", post(big, JPEG_TYPE, target=b"/x"), 404),
                ("411", post(big, JPEG_TYPE).replace(b"Content-Length: 900000\r\n", b""), 411),
                ("400", post(big, JPEG_TYPE, b"Repr-Digest: sha-256=x"), 400)):
            with self.subTest(name), self.relay.connect() as c:
                c.send(request)
                self.assertEqual(c.answer().status, status)


class Tokens(Uploads):
    options = ("--upload-token", "plain-one", "--upload-token",
               "sha256:" + hashlib.sha256(b"second").hexdigest())

    def test_who_may_upload(self):
        for field, expect, code in ((None, 401, "no_token"), ("Bearer wrong", 403, "bad_token"),
                                    ("Bearer ", 401, "no_token"), ("Basic cGxhaW4tb25l", 401, "no_token"),
                                    ("plain-one", 401, "no_token"), ("Bearer plain-one2", 403, "bad_token"),
                                    ("Bearer plain-on", 403, "bad_token"), ("Bearer plain-one", 200, None),
                                    ("bearer plain-one", 200, None), ("Bearer second", 200, None)):
            data = self.jpeg()
            more = {} if field is None else {"Authorization": field}
            status, got = self.relay.upload(data, **more)
            with self.subTest(field):
                if expect == 200:
                    self.assertEqual(status, 200, got)
                    self.assert_stored(got, data)
                else:
                    self.assert_refused(status, got, expect, code)
        status, headers, _ = self.relay.request("POST", "/upload", b"x")
        self.assertEqual(headers["WWW-Authenticate"], "Bearer realm=\"camrelay\"")
        data = self.jpeg()
        status, got, _ = self.exchange(post(data, JPEG_TYPE, b"Token: second", b"Fingerprint: f",
                                            method=b"PUT", target=b"/c/snapshot"))
        self.assert_stored(got, data)

    def test_a_client_that_writes_everything_first_sees_the_answer(self):
        with self.relay.connect() as c:
            c.send(post(bytes(200000), JPEG_TYPE))
            self.assertEqual(c.answer().status, 401)
        with self.relay.connect() as c:
            c.send(post(bytes(900000), JPEG_TYPE, b"Authorization: Bearer no"))
            self.assertEqual(c.answer().status, 403)


class Vanishing(Uploads):
    """Clients that go away leave nothing behind."""

    def test_at_any_point_of_the_body(self):
        data = self.jpeg(200000)
        kind, body = form(data)
        for how in ("close", "reset"):
            for request in (post(data, JPEG_TYPE, b"Idempotency-Key: v"),
                            post(body, b"Content-Type: " + kind.encode(), b"Idempotency-Key: v")):
                for cut in (50, len(request) - len(body) + 5, 100000, 196000, len(request) - 1):
                    c = self.relay.connect()
                    c.send(request[:cut])
                    c.reset() if how == "reset" else c.socket.close()
        wait_until(lambda: self.relay.inside("tmp") == [], "tmp is empty")
        self.check_all()
        status, got = self.relay.upload(data, key="v")  # the key was never used
        self.assertEqual(status, 200, got)
        self.assert_stored(got, data)

    def test_in_the_middle_of_a_chunk(self):
        with self.relay.connect() as c:
            c.send(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                   b"Transfer-Encoding: chunked\r\n\r\n1000\r\n" + self.jpeg()[:1000])
        with self.relay.connect() as c:
            c.send(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
                   b"Transfer-Encoding: chunked\r\n\r\n" + b"bb8\r\n" + self.jpeg(3000) + b"\r\n")
            c.socket.shutdown(1)  # everything but the last chunk
            try:
                self.assertGreaterEqual(c.answer().status, 400)
            except Closed:
                pass

    def test_a_hundred_that_stand_still_do_not_stop_the_next(self):
        count = 30 if SANITIZED else 100
        still = [self.relay.connect() for _ in range(count)]
        request = post(self.jpeg(200000), JPEG_TYPE)
        for c in still:
            c.send(request[:150000])
        data = self.jpeg(250000)
        status, got = self.relay.upload(data)
        self.assertEqual(status, 200, got)
        self.assert_stored(got, data)
        for c in still:
            c.socket.close()


del Uploads  # only its classes are tests
if __name__ == "__main__":
    unittest.main()
