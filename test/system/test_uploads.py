"""Uploads at their edges: keys, digests, names, limits, refusals, clients that go away.

Goal: what is not proper stores nothing, leaves nothing lying about, and gets an answer its sender
can still read; what is, is stored once and told again as it was.
Method: each class starts one camrelayd; at its end, what is listed must be exactly what was
acknowledged.
"""
import base64
import hashlib
import json
import os
import re
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Closed, SANITIZED, form, sha256, wait_until  # noqa: E402
from uploading import JPEG_TYPE, MAX_UPLOAD, STAMP, Uploads, post  # noqa: E402


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
