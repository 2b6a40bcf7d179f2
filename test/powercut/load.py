"""Cameras that send, and a destination that takes: the load under which a run is recorded.

What was sent is remembered here, by content, and not taken from what the relay says.
"""
import hashlib
import http.client
import json
import random
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def make_jpeg(dice, size):
    """The smallest things a JPEG has (ITU T.81), and a scan of noise; `size` bytes or more."""
    head = (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
            b"\xff\xdb\x00\x43\x00" + bytes(64 * [1]) +
            b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00"
            b"\xff\xc4\x00\x14\x00" + b"\x01" + bytes(15) + b"\x00"
            b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00")
    scan = dice.randbytes(max(16, size - len(head) - 2)).replace(b"\xff", b"\xfe")
    return head + scan + b"\xff\xd9"


@dataclass(frozen=True)
class Photo:
    data: bytes
    sha256: str
    key: str  # "" = sent without one
    camera: str


def make_photos(seed, count, size_max):
    dice = random.Random(seed)
    photos = []
    for i in range(count):
        data = make_jpeg(dice, int(size_max ** dice.uniform(0.6, 1.0)))
        key = f"{seed}-{i}" if dice.random() < 0.8 else ""
        photos.append(Photo(data, hashlib.sha256(data).hexdigest(), key, f"cam{i % 3}"))
    return photos


def upload(connection, photo):
    """Answers (status, JSON or None). The same name for all: they fall into the same seconds."""
    headers = {"Content-Type": "image/jpeg", "X-Camera-Id": photo.camera}
    if photo.key:
        headers["Idempotency-Key"] = photo.key
    connection.request("POST", "/upload", photo.data, headers)
    response = connection.getresponse()
    body = response.read()
    try:
        return response.status, json.loads(body)
    except ValueError:
        return response.status, None


def upload_patiently(connection, photo):
    """A relay in trouble, or one that has to read back what it stored, says so and takes the photo
    a moment later."""
    end = time.monotonic() + 20
    status, answer = upload(connection, photo)
    while status == 503 and time.monotonic() < end:
        time.sleep(0.02)
        status, answer = upload(connection, photo)
    return status, answer


def get_json(connection, path):
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


class Readers:
    """Somebody who looks at the pages all the time."""

    def __init__(self, port, count):
        self.port, self.stopping = port, False
        self.threads = [threading.Thread(target=self.read_all, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def read_all(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.stopping:
            try:
                get_json(connection, "/list")
            except (OSError, ValueError, http.client.HTTPException):
                return
        connection.close()

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


class Cameras:
    """Several connections that send photos until there are none left or the relay goes away."""

    def __init__(self, port, photos, connections, repeats=0.1):
        self.port, self.repeats = port, repeats
        self.waiting = list(reversed(photos))
        self.lock = threading.Lock()
        self.answers = []  # (photo, JSON) of every 200
        self.refused = []  # (photo, status, JSON) of everything else
        self.threads = [threading.Thread(target=self.send_all, args=(i,), daemon=True)
                        for i in range(connections)]
        for thread in self.threads:
            thread.start()

    def next_photo(self):
        with self.lock:
            return self.waiting.pop() if self.waiting else None

    def send_all(self, number):
        dice = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while photo := self.next_photo():
            times = 2 if photo.key and dice.random() < self.repeats else 1
            for _ in range(times):
                try:
                    status, answer = upload_patiently(connection, photo)
                except (OSError, http.client.HTTPException):
                    return  # the relay is gone: that is what some runs are for
                with self.lock:
                    if status == 200:
                        self.answers.append((photo, answer))
                    else:
                        self.refused.append((photo, status, answer))
        connection.close()

    def wait(self):
        for thread in self.threads:
            thread.join()


class Sink:
    """A destination: takes every photo, remembers what it has by content."""

    def __init__(self):
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                sink.take(self)

            def do_GET(self):
                answer(self, {"count": 0, "files": [], "next": None})

            def log_message(self, *_):
                pass

        self.received = {}  # SHA-256 -> times
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a relay that was killed hung up
        self.url = f"http://127.0.0.1:{self.server.server_port}/upload"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        begin, end = body.find(b"\xff\xd8\xff"), body.rfind(b"\xff\xd9")
        data = body[begin:end + 2]
        sha256 = hashlib.sha256(data).hexdigest()
        with self.lock:
            self.received[sha256] = self.received.get(sha256, 0) + 1
        answer(request, {"success": True, "filename": "x.jpg", "size": len(data), "sha256": sha256})

    def has(self, sha256):
        with self.lock:
            return sha256 in self.received

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def answer(request, what):
    body = json.dumps(what).encode()
    request.send_response(200)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
