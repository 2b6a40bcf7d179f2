"""What the system tests share: starting a program of ours, talking to it over raw sockets.

Programs are started on port 0, say which port they got on a line "... port=N ...", and are ended by
their own pid. Every wait has an end.
"""
import os
import re
import select
import signal
import socket
import subprocess
import time

BUILD = os.environ.get("CAMRELAY_BUILD", os.path.join(os.path.dirname(__file__), "../../build/dev"))
PATIENCE = 30.0  # seconds before a wait is called a failure


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


def wait_until(condition, what):
    """Polls until `condition()` is true; the time is a limit, never a measure."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("in vain: " + what)
