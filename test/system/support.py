"""What the system tests share: starting programs of ours and talking to them.

Programs are started on port 0, say which port they got on a line "... port=N ...", and are ended by
their own pid. Every wait has an end.
"""
import hashlib
import http.client
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("CAMRELAY_BUILD", os.path.join(HERE, "../../build/dev"))
DAEMON = os.path.abspath(os.path.join(BUILD, "bin/camrelayd"))
SANITIZED = os.environ.get("CAMRELAY_SANITIZE", "") != ""  # slower: loads may be smaller
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("CAMRELAY_")}
PATIENCE = 60.0 if SANITIZED else 30.0  # seconds before a wait is called a failure


class Program:
    """A program of ours that listens; ended by pid when the test is over."""

    def __init__(self, arguments, pass_fds=(), env=None):
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            pass_fds=pass_fds, env=dict(os.environ, **(env or {})))
        self.said = b""
        self.port = self._wait_for_port()

    def _wait_for_port(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = re.search(rb"port=(\d+).*\n", self.said)
            if found:
                return int(found.group(1))
            ready, _, _ = select.select([self.process.stdout], [], [], 1)
            piece = os.read(self.process.stdout.fileno(), 4096) if ready else None
            if piece == b"":
                break
            self.said += piece or b""
        self.process.kill()
        raise AssertionError(f"did not start: {self.said!r} {self.process.stderr.read()!r}")

    def stop(self):
        """SIGTERM; gives back what it wrote to both outputs. Fails if it ends badly or late."""
        self.process.send_signal(signal.SIGTERM)
        try:
            out, err = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("did not end on SIGTERM") from None
        out = (self.said + out).decode()
        if self.process.returncode != 0:
            raise AssertionError(f"ended with {self.process.returncode}: {out} {err.decode()}")
        return out, err.decode()

    def memory_kib(self, field="RssAnon"):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(field + r":\s+(\d+)", file.read()).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Answer:
    """One HTTP answer, framed strictly: anything odd raises."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Closed(Exception):
    """The other side closed (or reset) before a whole answer came."""


class Connection:
    """A raw socket that reads HTTP answers one by one."""

    def __init__(self, port, host="127.0.0.1", wrap=None):
        self.socket = socket.create_connection((host, port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if wrap:
            self.socket = wrap(self.socket)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_quietly(self, data):
        """Like send, for a server that may have hung up: False then."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def _more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionError:
            piece = b""
        self.buffer += piece
        return piece != b""

    def _take(self, count):
        while len(self.buffer) < count:
            if not self._more():
                raise Closed(f"in the middle of an answer: {self.buffer[:200]!r}")
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def _line(self):
        while b"\r\n" not in self.buffer:
            if not self._more():
                raise Closed(f"in the middle of a line: {self.buffer[:200]!r}")
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def _chunks(self):
        body = b""
        while True:
            size = int(self._line(), 16)
            body += self._take(size)
            assert self._line() == ""
            if size == 0:
                return body

    def answer(self, head_only=False):
        if not self.buffer and not self._more():
            raise Closed("without an answer")
        version, status, _ = self._line().split(" ", 2)
        assert version == "HTTP/1.1", version
        headers = {}
        while True:
            line = self._line()
            if line == "":
                break
            name, value = line.split(": ", 1)
            assert name.lower() not in headers, line
            headers[name.lower()] = value
        if status == "100":
            assert headers == {}
            return Answer(100, headers, b"")
        body = b""
        if not head_only:
            if headers.get("transfer-encoding") == "chunked":
                body = self._chunks()
            elif "content-length" in headers:
                body = self._take(int(headers["content-length"]))
            else:
                while self._more():
                    pass
                body, self.buffer = self.buffer, b""
        return Answer(int(status), headers, body)

    def rest(self):
        """Everything until the other side closes."""
        while self._more():
            pass
        rest, self.buffer = self.buffer, b""
        return rest

    def is_closed(self):
        """Waits for the end of the connection; False if something else comes."""
        return self.rest() == b""

    def reset(self):
        """Closes with a reset instead of a goodbye."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


def wait_until(condition, what, tell=None):
    """Polls until `condition()` is true; the time is a limit, never a measure."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("in vain: " + what + (f": {tell()}" if tell else ""))


# --- photos ---------------------------------------------------------------------------------------

def make_jpeg(seed, size=3000):
    """The smallest things a JPEG has (ITU T.81) and a scan of noise: exactly `size` bytes, at least
    200. Other seeds give other bytes."""
    head = (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
            b"\xff\xdb\x00\x43\x00" + bytes(64 * [1]) +
            b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00"
            b"\xff\xc4\x00\x14\x00" + b"\x01" + bytes(15) + b"\x00"
            b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00")
    scan = random.Random(str(seed)).randbytes(size - len(head) - 2).replace(b"\xff", b"\xfe")
    return head + scan + b"\xff\xd9"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def form(data, field="file", filename="photo.jpg", boundary="----8f3c", extra=b""):
    """A multipart body; (Content-Type, bytes)."""
    if isinstance(filename, str):
        filename = filename.encode()
    body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"".encode() +
            filename + b"\"\r\nContent-Type: image/jpeg\r\n\r\n" + data +
            f"\r\n--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", extra + body


# --- camrelayd ------------------------------------------------------------------------------------

class Relay:
    """One camrelayd in a folder of its own (photos/ inside it), on a port of the kernel's choice,
    ended by its pid. Its log is the file `log` there, over all starts."""

    def __init__(self, folder, *options, environment=None, preexec=None, program=DAEMON):
        self.folder = folder
        self.program = program
        self.photos = os.path.join(folder, "photos")
        self.options = options
        self.environment = environment or {}
        self.preexec = preexec
        self.port = 0
        self.process = None
        os.makedirs(folder, exist_ok=True)
        self.start()

    def spawn(self, *more):
        """Only starts it; the options of the constructor, then `more`."""
        self.seen = os.path.getsize(self.log_path()) if os.path.exists(self.log_path()) else 0
        with open(self.log_path(), "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "--host", "127.0.0.1", "--dir", "photos", "--port", str(self.port),
                 *self.options, *more],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**CLEAN, **self.environment}, preexec_fn=self.preexec)

    def start(self, *more):
        """Starts it and waits until it listens; later starts keep the port."""
        self.spawn(*more)
        self.port = int(self.wait_for(r"listening .*\bport=(\d+)").group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def log_path(self):
        return os.path.join(self.folder, "log")

    def log(self):
        """What it said since it was last started."""
        with open(self.log_path(), "rb") as file:
            file.seek(self.seen)
            return file.read().decode("utf-8", "replace")

    def wait_for(self, pattern):
        """Waits until it says so."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            over = self.process.poll() is not None
            found = re.search(pattern, self.log())
            if found:
                return found
            if over:
                break
            time.sleep(0.01)
        raise AssertionError(f"{pattern!r} was not said: {self.log()}")

    def check_log(self):
        """Over all its starts it has found no mistake of ours."""
        with open(self.log_path(), encoding="utf-8", errors="replace") as file:
            said = file.read()
        if re.search("Sanitizer|runtime error|Assertion", said):
            raise AssertionError(said)

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self):
        """SIGTERM; fails if it ends badly or late. Answers how many seconds it took."""
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("did not end on SIGTERM: " + self.log()) from None
        if self.process.returncode != 0:
            raise AssertionError(f"ended with {self.process.returncode}: {self.log()}")
        return time.monotonic() - begin

    def restart(self, *more):
        self.stop()
        self.start(*more)

    def reload(self, key):
        """SIGHUP; waits until it says that this setting changed."""
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(rf"setting changed key={key}\b")

    def connect(self):
        return Connection(self.port)

    def request(self, method, path, body=None, headers=None):
        """(status, headers, bytes); a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def get(self, path, expect=200):
        """The JSON there."""
        status, _, body = self.request("GET", path)
        if status != expect:
            raise AssertionError(f"{path}: {status} {body[:500]!r}")
        return json.loads(body)

    def upload(self, data, key=None, camera=None, name=None, **headers):
        """(status, JSON). Header names with _ for -."""
        fields = {k.replace("_", "-"): v for k, v in headers.items()}
        fields.setdefault("Content-Type", "image/jpeg")
        if key is not None:
            fields["Idempotency-Key"] = key
        if camera is not None:
            fields["X-Camera-Id"] = camera
        body = data
        if name is not None:
            fields["Content-Type"], body = form(data, filename=name)
        status, _, answer = self.request("POST", "/upload", body, fields)
        return status, json.loads(answer)

    def list(self):
        """What it lists, newest first; the list is checked against itself and the folder."""
        told = self.get("/list")
        assert told["count"] == len(told["files"]) and told["next"] is None, told
        for entry in told["files"]:
            with open(os.path.join(self.photos, entry["filename"]), "rb") as file:
                data = file.read()
            assert len(data) == entry["size"] and sha256(data) == entry["sha256"], entry
        return told["files"]

    def files(self):
        """SHA-256 of every photo in the folder, by name."""
        found = {}
        for name in os.listdir(self.photos):
            try:
                if not name.startswith("."):
                    with open(os.path.join(self.photos, name), "rb") as file:
                        found[name] = sha256(file.read())
            except FileNotFoundError:
                pass  # deleted meanwhile
        return found

    def inside(self, part):
        """Names in a folder of .camrelay/."""
        return sorted(os.listdir(os.path.join(self.photos, ".camrelay", part)))

    def database(self, suffix=""):
        return os.path.join(self.photos, ".camrelay", "state.db" + suffix)

    def destination(self, name="remote"):
        """That destination as /health tells of it, with its HTTP status aside."""
        _, _, body = self.request("GET", "/health")
        return next(d for d in json.loads(body)["destinations"] if d["name"] == name)

    def wait_sent(self, count, name="remote"):
        """Waits until nothing is owed to it and so many were sent."""
        def done():
            told = self.destination(name)
            return told["pending"] == 0 and told["sent_total"] >= count
        wait_until(done, f"{count} photos at {name}", lambda: self.destination(name))

    def metric(self, name):
        _, _, body = self.request("GET", "/metrics")
        found = re.search(rf"^{re.escape(name)} (\d+)$", body.decode(), re.MULTILINE)
        assert found, name
        return int(found.group(1))


class RelayCase(unittest.TestCase):
    """A temporary folder per test; every relay started with relay() must end well."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="camrelay-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def relay(self, *options, name="relay", **more):
        relay = Relay(self.path(name), *options, **more)
        self.addCleanup(self.end, relay)
        return relay

    def end(self, relay):
        if relay.process.poll() is None:
            relay.stop()
        relay.check_log()

    def remote(self, *options):
        remote = FaultyRemote(*options)
        self.addCleanup(remote.stop)
        return remote


class FaultyRemote:
    """faulty_remote.py as a program of its own, told what to do over its standard input."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "faulty_remote.py"), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.port, self.url = ready["port"], ready["url"]

    def tell(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stored(self):
        return self.tell(stored=True)["stored"]

    def requests(self):
        return self.tell(requests=True)["requests"]

    def counts(self):
        return self.tell(counts=True)

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
