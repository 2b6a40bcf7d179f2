#!/usr/bin/env python3
"""A receiver that misbehaves as told, and remembers exactly what it stored.

usage: faulty_remote.py [--port 0] [--control-port 0] [--behave relay|script] [--mode MODE]

It listens on 127.0.0.1 and prints one line when it is ready:
    {"port": 40001, "control": 40002, "url": "http://127.0.0.1:40001/upload"}
It ends when its standard input ends, or on SIGTERM.

Control: one JSON object per request, answered by one JSON object. Either a line on standard input
(answered by a line on standard output), or the body of a POST to any path of the control port.
    {"mode": "hang"}                   what happens to uploads from now on
    {"script": ["reset", "status:500"]}  the next uploads, one each; then `mode` again
    {"behave": "relay"}                relay: folds keys, answers with sha256, pages its list
                                       script: appends its own time stamp, knows no keys
    {"stored": true}                   -> {"stored": [{name, original, size, sha256, key, camera}...]}
    {"requests": true}                 -> {"requests": [{method, path, headers, body_size,
                                       body_sha256, mode, connection}...]} (newest 1000)
    {"counts": true}                   -> {"requests", "uploads", "lists", "stored", "folded",
                                       "connections", "keys", "open"}
    {"clear": true}                    forgets all of that
    {"close_idle": true}               closes connections that wait for a request

Modes of an upload (POST or PUT to anything but /list):
    ok                  store it and answer 200
    refuse              nobody listens (until another mode is set)
    deaf                accept the connection, read nothing, answer nothing
    hang                read it all, store nothing, answer nothing
    hang-stored         store it, answer nothing
    reset[:BYTES]       read so many bytes of the body (default 1000), then RST
    reset-head          RST as soon as the head has come
    early:STATUS        answer before reading the body, then read and drop it
    early-close:STATUS  answer before reading the body, then close at once
    status:STATUS[:retry=SECONDS|:retry=DATE]   read it all, store nothing, answer that
    refused:STATUS[:CODE]   the same with a JSON body {"success": false, "code": CODE}
    die                 store it, then close without an answer
    die-reset           store it, then RST without an answer
    swallow             read it all, store nothing, close without an answer
    lie-success         answer success: false; nothing stored
    lie-size            answer another size; nothing stored
    lie-hash            answer another sha256; nothing stored
    lie-name            answer an empty filename; nothing stored
    text | empty | html store it, answer 200 with text, nothing, a page
    redirect[:STATUS]   Location to this very address
    drip:BYTES          store it, answer so many bytes a second
    slow:BYTES          read so many bytes a second, then as ok
    cut-answer          store it, promise more of an answer than is sent
    cut-status:STATUS   the same with that status, nothing stored
    garbage             store nothing, answer something that is not HTTP
    long:BYTES          store it, answer 200 with a body of so many bytes
    close               ok, and close the connection afterwards
    chunked             ok, with a chunked answer
    once:MODE           as MODE says, then ok
"""
import argparse
import contextlib
import email.utils
import hashlib
import json
import os
import re
import socket
import struct
import sys
import threading
import time

HEAD_MAX = 64 * 1024
REQUESTS_KEPT = 1000


class Remote:
    def __init__(self, behave, mode):
        self.lock = threading.Lock()
        self.behave = behave
        self.mode = mode
        self.script = []
        self.listener = None  # or, while nobody listens,
        self.holder = None
        self.port = 0
        self.idle = set()
        self.open = set()
        self.clear()

    def clear(self):
        self.stored, self.requests, self.by_key, self.names = [], [], {}, set()
        self.counts = {"requests": 0, "uploads": 0, "lists": 0, "folded": 0, "connections": 0}

    # ---- control ----

    def control(self, order):
        answer = {"ok": True}
        with self.lock:
            if "clear" in order:
                self.clear()
            if "behave" in order:
                self.behave = order["behave"]
            if "script" in order:
                self.script = list(order["script"])
            if "close_idle" in order:
                for conn in list(self.idle):
                    with contextlib.suppress(OSError):  # the other side may have left first
                        conn.shutdown(socket.SHUT_RDWR)
            if "stored" in order:
                answer["stored"] = [{k: v for k, v in s.items() if k != "bytes"} for s in self.stored]
            if "requests" in order:
                answer["requests"] = self.requests[-REQUESTS_KEPT:]
            if "counts" in order:
                answer.update(self.counts, stored=len(self.stored), keys=len(self.by_key), open=len(self.open))
            if "mode" in order:
                self.mode = order["mode"]
        if "mode" in order:
            self.listen() if order["mode"] != "refuse" else self.unlisten()
        return answer

    def next_mode(self):
        with self.lock:
            mode = self.script.pop(0) if self.script else self.mode
            if mode.startswith("once:"):
                mode, self.mode = mode[len("once:"):], "ok"
            return mode

    # ---- sockets ----

    def bind(self):
        """Holds our port: nobody else gets it while we do not listen."""
        self.holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.holder.bind(("127.0.0.1", self.port))
        self.port = self.holder.getsockname()[1]

    def listen(self):
        if self.listener is not None:
            return
        listener, self.holder = self.holder, None
        listener.listen(128)
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def unlisten(self):
        """Nobody listens once this returned: later connections are refused, and there are no old ones."""
        listener, self.listener = self.listener, None
        if listener is None:
            return
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        self.bind()
        with self.lock:
            for conn in list(self.open):  # also who answered and is not back at waiting yet
                with contextlib.suppress(OSError):
                    conn.shutdown(socket.SHUT_RDWR)

    def accept(self, listener):
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.counts["connections"] += 1
                number = self.counts["connections"]
            threading.Thread(target=self.serve, args=(conn, number), daemon=True).start()

    def serve(self, conn, number):
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.open.add(conn)
        try:
            reader = Reader(conn, self)
            while self.one_request(conn, reader, number):
                pass
        except (OSError, ValueError, EOFError):
            pass
        finally:
            with self.lock:
                self.open.discard(conn)
                self.idle.discard(conn)
            try:
                conn.close()
            except OSError:
                pass

    # ---- requests ----

    def one_request(self, conn, reader, number):
        head = reader.head()
        if head is None:
            return False
        method, path, headers = head
        upload = method in ("POST", "PUT") and not path.startswith("/list")
        mode = self.next_mode() if upload else "ok"
        request = {"method": method, "path": path, "headers": headers, "mode": mode,
                   "body_size": None, "body_sha256": None, "connection": number}
        with self.lock:
            self.counts["requests"] += 1
            self.counts["uploads" if upload else "lists"] += 1
            self.requests.append(request)
            del self.requests[:-REQUESTS_KEPT]
        exchange = Exchange(self, conn, reader, request)
        if upload:
            return exchange.upload(mode)
        if path.split("?")[0].endswith("/list"):
            return exchange.list()
        return exchange.answer(404, b"not found")

    def store(self, original, data, headers):
        """What a good receiver does; answers (name, duplicate)."""
        key, camera = headers.get("idempotency-key", ""), headers.get("x-camera-id", "")
        digest = hashlib.sha256(data).hexdigest()
        with self.lock:
            if self.behave == "relay" and key and (camera, key) in self.by_key:
                before = self.by_key[(camera, key)]
                if before["sha256"] != digest:
                    return None, False
                self.counts["folded"] += 1
                return before["name"], True
            name = self.new_name(original)
            row = {"name": name, "original": original, "size": len(data), "sha256": digest, "key": key,
                   "camera": camera, "at": time.time()}
            self.stored.append(row)
            if key:
                self.by_key[(camera, key)] = row
            return name, False

    def new_name(self, original):
        stem, dot, extension = original.rpartition(".")
        stem = stem if dot else original
        extension = dot + extension if dot else ""
        stamped = re.search(r"_\d{8}_\d{6}(_\d+)?$", stem)
        if self.behave == "script" or not stamped:
            stem += time.strftime("_%Y%m%d_%H%M%S")
        name, n = stem + extension, 1
        while self.behave == "relay" and name in self.names:
            n += 1
            name = f"{stem}_{n}{extension}"
        self.names.add(name)
        return name


class Reader:
    """Bytes of one connection; knows where heads end."""

    def __init__(self, conn, remote):
        self.conn, self.remote, self.rest = conn, remote, b""

    def more(self):
        piece = self.conn.recv(1 << 18)
        if not piece:
            raise EOFError
        return piece

    def head(self):
        while b"\r\n\r\n" not in self.rest:
            waiting = not self.rest
            if waiting:
                with self.remote.lock:
                    self.remote.idle.add(self.conn)
            try:
                piece = self.conn.recv(1 << 18)
            finally:
                with self.remote.lock:
                    self.remote.idle.discard(self.conn)
            if not piece:
                return None
            self.rest += piece
            if self.rest[0] == 0x16:
                raise ValueError("that is TLS")
            if len(self.rest) > HEAD_MAX and b"\r\n\r\n" not in self.rest[:HEAD_MAX]:
                raise ValueError("head too long")
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return method, path, headers

    def exactly(self, count, per_second=0):
        pieces, got = [self.rest[:count]], min(len(self.rest), count)
        self.rest = self.rest[count:]
        while got < count:
            want = min(count - got, 1 << 18)
            if per_second:
                want = min(want, max(1, per_second // 10))
                time.sleep(0.1)
            piece = self.conn.recv(want)
            if not piece:
                raise EOFError
            pieces.append(piece)
            got += len(piece)
        return b"".join(pieces)

    def chunked(self):
        def line():
            while b"\r\n" not in self.rest:
                self.rest += self.more()
            text, _, self.rest = self.rest.partition(b"\r\n")
            return text
        out = []
        while True:
            size = int(line().split(b";")[0], 16)
            if size == 0:
                while line():
                    pass
                return b"".join(out)
            out.append(self.exactly(size))
            self.exactly(2)


class Exchange:
    def __init__(self, remote, conn, reader, request):
        self.remote, self.conn, self.reader, self.request = remote, conn, reader, request
        self.headers = request["headers"]

    def body(self, per_second=0):
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            data = self.reader.chunked()
        else:
            data = self.reader.exactly(int(self.headers.get("content-length", "0")), per_second)
        self.request["body_size"] = len(data)
        self.request["body_sha256"] = hashlib.sha256(data).hexdigest()
        return data

    def photo(self, data):
        """(file name, bytes) of a multipart or bare upload."""
        kind = self.headers.get("content-type", "")
        match = re.search(r'boundary="?([^";]+)"?', kind)
        if not kind.startswith("multipart/form-data") or not match:
            return "photo.jpg", data
        edge = b"--" + match.group(1).encode()
        start = data.index(b"\r\n\r\n") + 4
        end = data.index(b"\r\n" + edge, start)
        name = re.search(rb'filename="([^"]*)"', data[:start])
        text = name.group(1).decode("utf-8", "surrogateescape") if name else "photo.jpg"
        return text, data[start:end]

    def answer(self, status, body, kind="text/plain", extra=(), close=False, promise=None):
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {kind}",
                 f"Content-Length: {len(body) if promise is None else promise}",
                 f"Date: {email.utils.formatdate(usegmt=True)}", *extra]
        if close:
            lines.append("Connection: close")
        self.conn.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return not close

    def answer_json(self, status, value, **more):
        return self.answer(status, json.dumps(value).encode(), "application/json", **more)

    def reset(self):
        self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.conn.close()
        return False

    def receipt(self, data, name, duplicate):
        out = {"success": True, "filename": name, "size": len(data), "path": "/srv/photos/" + name}
        if self.remote.behave == "relay":
            out.update(sha256=hashlib.sha256(data).hexdigest(), duplicate=duplicate,
                       server_time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        return out

    def keep(self, data):
        """Stores the photo of this body; answers the receipt, or None if its key has other bytes."""
        original, photo = self.photo(data)
        name, duplicate = self.remote.store(original, photo, self.headers)
        return None if name is None else self.receipt(photo, name, duplicate)

    def upload(self, mode):
        what, _, argument = mode.partition(":")
        method = getattr(self, "do_" + what.replace("-", "_"), None)
        if method is None:
            raise ValueError(f"unknown mode {mode}")
        return method(argument)

    def finish(self, receipt, **more):
        if receipt is None:
            return self.answer_json(422, {"success": False, "code": "key_reused", "error": "other bytes"})
        return self.answer_json(200, receipt, **more)

    def do_ok(self, _):
        return self.finish(self.keep(self.body()))

    def do_close(self, _):
        return self.finish(self.keep(self.body()), close=True)

    def do_slow(self, rate):
        return self.finish(self.keep(self.body(int(rate))))

    def do_deaf(self, _):
        time.sleep(3600)

    def do_hang(self, _):
        self.body()
        self.wait_for_end()

    def do_hang_stored(self, _):
        self.keep(self.body())
        self.wait_for_end()

    def wait_for_end(self):
        while self.conn.recv(1 << 16):
            pass
        return False

    def do_reset(self, count):
        self.reader.exactly(min(int(count or 1000), int(self.headers.get("content-length", "0"))))
        return self.reset()

    def do_reset_head(self, _):
        return self.reset()

    def do_early(self, status):
        self.answer(int(status), b'{"success": false, "error": "not wanted"}', "application/json",
                    close=True)
        try:
            self.conn.settimeout(2)
            while self.conn.recv(1 << 18):
                pass
        except OSError:
            pass
        return False

    def do_early_close(self, status):
        return self.answer(int(status), b"{}", "application/json", close=True)

    def do_status(self, argument):
        status, _, retry = argument.partition(":retry=")
        self.body()
        extra = [f"Retry-After: {retry}"] if retry else []
        return self.answer_json(int(status), {"success": False, "error": "as told"}, extra=extra)

    def do_refused(self, argument):
        status, _, code = argument.partition(":")
        self.body()
        return self.answer_json(int(status), {"success": False, "error": "refused", "code": code})

    def do_die(self, _):
        self.keep(self.body())
        return False

    def do_die_reset(self, _):
        self.keep(self.body())
        return self.reset()

    def do_swallow(self, _):
        self.body()
        return False

    def lie(self, **wrong):
        original, photo = self.photo(self.body())
        return self.answer_json(200, {**self.receipt(photo, original, False), **wrong})

    def do_lie_success(self, _):
        return self.lie(success=False)

    def do_lie_size(self, _):
        return self.lie(size=1)

    def do_lie_hash(self, _):
        return self.lie(sha256="00" * 32)

    def do_lie_name(self, _):
        return self.lie(filename="")

    def do_text(self, _):
        self.keep(self.body())
        return self.answer(200, b"thank you")

    def do_empty(self, _):
        self.keep(self.body())
        return self.answer(200, b"")

    def do_html(self, _):
        self.keep(self.body())
        return self.answer(200, b"<html><body>success: false is only text here</body></html>", "text/html")

    def do_redirect(self, status):
        self.body()
        where = f"Location: http://127.0.0.1:{self.remote.port}{self.request['path']}"
        return self.answer(int(status or 302), b"", extra=[where])

    def do_drip(self, rate):
        body = json.dumps(self.keep(self.body())).encode()
        self.conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        step = max(1, int(rate) // 10)
        for at in range(0, len(body), step):
            time.sleep(0.1)
            self.conn.sendall(body[at:at + step])
        return True

    def do_cut_answer(self, _):
        body = json.dumps(self.keep(self.body())).encode()
        self.answer(200, body[:20], "application/json", promise=len(body))
        return False

    def do_cut_status(self, status):
        self.body()
        self.answer(int(status), b"half", promise=1000)
        return False

    def do_garbage(self, _):
        self.body()
        self.conn.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\nhello\r\n")
        return False

    def do_long(self, count):
        self.keep(self.body())
        return self.answer(200, b"x" * int(count))

    def do_chunked(self, _):
        body = json.dumps(self.keep(self.body())).encode()
        self.conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 7):
            piece = body[at:at + 7]
            self.conn.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.conn.sendall(b"0\r\n\r\n")
        return True

    def list(self):
        self.body()
        with self.remote.lock:
            rows = list(self.remote.stored)
        if self.remote.behave == "script":
            files = [{"filename": s["name"], "size": s["size"]} for s in rows]
            return self.answer_json(200, {"count": len(files), "files": files})
        limit = re.search(r"[?&]limit=(\d+)", self.request["path"])
        rows = rows[::-1][:int(limit.group(1)) if limit else None]
        files = [{"filename": s["name"], "size": s["size"], "sha256": s["sha256"], "camera": s["camera"]}
                 for s in rows]
        return self.answer_json(200, {"count": len(files), "files": files, "next": None})


def serve_control(remote, port):
    """A small HTTP server of its own, so that it answers whatever the other one is made to do."""
    listener = socket.create_server(("127.0.0.1", port))

    def one(conn):
        with conn:
            reader = Reader(conn, Remote("relay", "ok"))
            _, _, headers = reader.head()
            order = json.loads(reader.exactly(int(headers.get("content-length", "0"))) or b"{}")
            body = json.dumps(remote.control(order)).encode()
            conn.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                         % (len(body), body))

    def loop():
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=one, args=(conn,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--control-port", type=int, default=0)
    options.add_argument("--behave", choices=("relay", "script"), default="relay")
    options.add_argument("--mode", default="ok")
    options = options.parse_args()
    remote = Remote(options.behave, options.mode)
    remote.port = options.port
    remote.bind()
    remote.listen()
    control = serve_control(remote, options.control_port)
    if options.mode == "refuse":
        remote.unlisten()
    ready = {"port": remote.port, "control": control, "url": f"http://127.0.0.1:{remote.port}/upload"}
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(remote.control(json.loads(line))), flush=True)
    os._exit(0)  # threads may be stuck on purpose


if __name__ == "__main__":
    main()
