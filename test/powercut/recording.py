"""Reads the log of recorder.so: what a program did to one folder, in the order it happened.

The events of the log speak of descriptors and paths; here they become effects on objects (a file or
a folder, however it is called at the moment), which is what a disk keeps.
"""
import json
import struct
from dataclasses import dataclass, field

HEAD = struct.Struct("=IIiIIIQQ")  # struct recorder_head of recorder_log.h
MAGIC = 0x43505721
(OPEN, CLOSE, WRITE, SIZE, RENAME, LINK, UNLINK, MKDIR, TAG, BEGIN, END, ACCEPT,
 SEND) = range(1, 14)
CREATED, TRUNCATED, FOLDER = 1, 2, 4
FLUSH_FILE, FLUSH_ALL = 1, 2


@dataclass(frozen=True)
class Effect:
    """One thing a disk can keep or lose. `kind` is "name", "data", "size" or "tag"."""
    kind: str
    obj: int  # the object concerned; for a name: the one it names from now on, -1 = none
    path: str = ""  # of a name
    offset: int = 0
    data: bytes = b""  # of data and tag
    size: int = 0  # of size
    tag: str = ""
    pair: int = 0  # both halves of a rename share a number that is not 0


@dataclass(frozen=True)
class Mark:
    """A flush begins ("begin") or has returned ("end"), or an answer may have left ("ack")."""
    kind: str
    number: int = 0
    scope: int = 0
    obj: int = -1
    failed: bool = False
    answer: dict = field(default_factory=dict)


def read_records(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at + HEAD.size <= len(data):
        magic, kind, fd, len_a, len_b, _, x, y = HEAD.unpack_from(data, at)
        if magic != MAGIC:
            raise ValueError(f"{path}: no record at byte {at}")
        at += HEAD.size
        if at + len_a + len_b > len(data):
            break  # the program was killed while it wrote this
        yield kind, fd, x, y, data[at:at + len_a], data[at + len_a:at + len_a + len_b]
        at += len_a + len_b


class Answers:
    """Finds answers to uploads in what went to the sockets. An answer counts from the moment its
    first byte may have left."""

    def __init__(self):
        self.open = {}  # fd -> bytes of an answer that is not complete yet

    def accept(self, fd):
        self.open.pop(fd, None)

    def send(self, fd, data):
        """Answers the JSON of a complete 200 answer that ends in this piece, and whether an earlier
        piece belongs to it; else None."""
        if data.startswith(b"HTTP/1."):
            self.open[fd] = data
        elif fd in self.open:
            self.open[fd] += data
        else:
            return None
        head, blank, body = self.open[fd].partition(b"\r\n\r\n")
        if not blank or b"filename" not in body:
            return None
        try:
            answer = json.loads(body)
        except ValueError:
            return None  # more is to come
        del self.open[fd]
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")) or not answer.get("success"):
            return None
        return answer


class Recording:
    """events: list of Effect and Mark in order. objects: number -> is it a folder?"""

    def __init__(self, root, base=None):
        self.root = root
        self.events = []
        self.folders = set()
        self.names = {}
        self.sizes = {}
        self.objects = 0
        self.pairs = 0
        self.base = base  # a Disk that was there before, or None
        if base is not None:
            self.objects = max(base.files, default=-1) + 1
            self.names = dict(base.names)
            self.folders = set(base.folders)
            self.sizes = {obj: len(file.data) for obj, file in base.files.items()}

    def relative(self, raw):
        path = raw.decode("utf-8", "surrogateescape")
        if path != self.root and not path.startswith(self.root + "/"):
            return None  # outside: it comes from there, or is gone
        parts = [part for part in path[len(self.root):].split("/") if part not in ("", ".")]
        return "/".join(parts)

    def new_object(self, folder):
        number = self.objects
        self.objects += 1
        self.sizes[number] = 0
        if folder:
            self.folders.add(number)
        return number

    def name(self, path, obj, pair=0):
        if obj < 0:
            self.names.pop(path, None)
        else:
            self.names[path] = obj
        self.events.append(Effect("name", obj, path=path, pair=pair))

    def opened(self, path, flags):
        if path == "":
            return -1  # the root itself
        if path not in self.names:
            if not flags & CREATED:
                raise ValueError(f"{path} was opened but never made")
            self.name(path, self.new_object(bool(flags & FOLDER)))
        obj = self.names[path]
        if flags & TRUNCATED and not flags & CREATED and self.sizes[obj] > 0:
            self.resize(obj, 0)
        return obj

    def resize(self, obj, size):
        self.sizes[obj] = size
        self.events.append(Effect("size", obj, size=size))

    def renamed(self, source, target):
        self.pairs += 1
        if source is None:  # moved in from outside: cannot be judged
            raise ValueError("a file came from outside the folder")
        obj = self.names[source]
        if target is not None:
            self.name(target, obj, self.pairs)
        self.name(source, -1, self.pairs)

    def read(self, log):
        """Takes one process's log in. Descriptors start anew with each process."""
        fds, answers, first = {}, Answers(), {}
        for kind, fd, x, y, a, b in read_records(log):
            if kind == OPEN:
                path = self.relative(a.removesuffix(b" (deleted)"))
                fds[fd] = self.opened(path, x)
            elif kind == CLOSE:
                fds.pop(fd, None)
            elif kind == WRITE:
                obj = fds[fd]
                self.sizes[obj] = max(self.sizes[obj], x + len(a))
                self.events.append(Effect("data", obj, offset=x, data=a))
            elif kind == SIZE:
                if self.sizes[fds[fd]] != x:
                    self.resize(fds[fd], x)
            elif kind == TAG:
                self.events.append(Effect("tag", fds[fd], tag=a.decode(), data=b))
            elif kind == RENAME:
                self.renamed(self.relative(a), self.relative(b))
            elif kind == LINK:
                self.name(self.relative(b), self.names[self.relative(a)])
            elif kind == UNLINK:
                self.name(self.relative(a), -1)
            elif kind == MKDIR:
                self.name(self.relative(a), self.new_object(True))
            elif kind == BEGIN:
                self.events.append(Mark("begin", y, x, fds[fd]))
            elif kind == END:
                self.events.append(Mark("end", y, failed=x != 0))
            elif kind == ACCEPT:
                answers.accept(fd)
                first.pop(fd, None)
            elif kind == SEND:
                self.sent(answers, first, fd, a)
        return self

    def sent(self, answers, first, fd, data):
        if data.startswith(b"HTTP/1."):
            first[fd] = len(self.events)
            self.events.append(Mark("none"))  # becomes the ack if this turns out to be one
        answer = answers.send(fd, data)
        if answer is not None and fd in first:
            self.events[first.pop(fd)] = Mark("ack", answer=answer)
