"""What a cut of the power may leave of a recorded run.

A disk holds what finished flushes cover, and any choice of the rest. Three models say which
choices:

posix   Nothing but flushes orders anything. Each change of a name, each block of 4096 bytes (in any
        of the versions it had since the last flush), the size of each file and each tag is kept or
        lost on its own; the two halves of a rename as well. A block may be torn at 512 bytes. Where
        a size was kept but the bytes were not, zeros or garbage stand.
ext4    What ext4 with data=ordered gives in addition: changes of names, truncations and tags are
        kept in their order up to some point; a rename is kept whole or not at all; a growing file
        ends where its bytes end, without zeros or garbage behind.
xfs     The order of ext4 for names, truncations and tags, but bytes as posix has them, without
        garbage: a file may have holes.

Every state of ext4 and xfs is also one of posix, but chance would seldom pick it there.
"""
import os
from dataclasses import dataclass, field

from recording import FLUSH_ALL, Effect, Mark

BLOCK, SECTOR = 4096, 512


@dataclass
class File:
    data: bytearray = field(default_factory=bytearray)
    tags: dict = field(default_factory=dict)

    def copy(self):
        return File(bytearray(self.data), dict(self.tags))


def parent_of(path):
    return path.rpartition("/")[0]


def write_at(data, offset, piece):
    if offset > len(data):
        data.extend(bytes(offset - len(data)))
    data[offset:offset + len(piece)] = piece


def resize(data, size):
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


class Disk:
    """What is on the medium for sure (names, files) and what is not yet (pending, in order)."""

    def __init__(self):
        self.names = {}  # path -> object
        self.files = {}  # object -> File
        self.folders = set()
        self.pending = []
        self.taken = 0  # effects ever taken
        self.flushes = {}  # number -> (effects taken when it began, scope, object)
        self.acks = []  # answers that may have left
        self.forgets = set()  # objects whose dirty pages a failed flush drops
        self.dropped = {}  # (object, block) -> effects that are in the cache only

    @classmethod
    def of_tree(cls, root):
        """A folder as it lies there, all of it durable."""
        disk = cls()
        seen = {}
        for folder, folders, files in os.walk(root):
            for name in sorted(folders + files):
                full = os.path.join(folder, name)
                path = os.path.relpath(full, root)
                status = os.stat(full)
                obj = seen.setdefault(status.st_ino, len(seen))
                disk.names[path] = obj
                disk.files[obj] = File()
                if name in folders:
                    disk.folders.add(obj)
                    continue
                with open(full, "rb") as file:
                    disk.files[obj].data[:] = file.read()
                for tag in os.listxattr(full):
                    if tag.startswith("user."):
                        disk.files[obj].tags[tag] = os.getxattr(full, tag)
        return disk

    def fork(self):
        """A disk that begins as this one is, with nothing pending."""
        disk = Disk()
        disk.names = dict(self.names)
        disk.files = {obj: file.copy() for obj, file in self.files.items()}
        disk.folders = set(self.folders)
        return disk

    def file(self, obj):
        return self.files.setdefault(obj, File())

    def keep(self, effect):
        if effect.kind == "name":
            if effect.obj < 0:
                self.names.pop(effect.path, None)
            else:
                self.names[effect.path] = effect.obj
        elif effect.kind == "data":
            write_at(self.file(effect.obj).data, effect.offset, effect.data)
        elif effect.kind == "size":
            resize(self.file(effect.obj).data, effect.size)
        else:
            self.file(effect.obj).tags[effect.tag] = effect.data

    def covered(self, number, effect, folders):
        begun, scope, obj, path = self.flushes[number]
        if effect[0] >= begun:
            return False
        if scope == FLUSH_ALL:
            return True
        effect = effect[1]
        if effect.kind == "name":
            return (obj in folders or obj == -1) and parent_of(effect.path) == path
        return effect.obj == obj

    def take(self, event, recording):
        """The next event happens."""
        if isinstance(event, Effect):
            self.bring_back(event)
            self.pending.append((self.taken, event))
            self.taken += 1
            if event.obj in recording.folders:
                self.folders.add(event.obj)
        elif event.kind == "begin":
            path = self.path_of_folder(event.obj)
            self.flushes[event.number] = (self.taken, event.scope, event.obj, path)
        elif event.kind == "end":
            if event.failed:
                self.drop(event.number)
            else:
                left = []
                for item in self.pending:
                    if self.covered(event.number, item, recording.folders):
                        self.keep(item[1])
                    else:
                        left.append(item)
                self.pending = left
            del self.flushes[event.number]
        elif event.kind == "ack":
            self.acks.append(event.answer)

    def drop(self, number):
        """A flush failed: Linux calls the pages clean it could not write, and forgets them. Which
        pages is its choice; here all of the files in `forgets`, others stay dirty."""
        begun, left = self.flushes[number][0], []
        for taken, effect in self.pending:
            if effect.kind != "data" or effect.obj not in self.forgets or taken >= begun:
                left.append((taken, effect))
                continue
            for block in blocks_of(effect.offset, len(effect.data)):
                offset, piece = part_of_block(effect, block)
                part = Effect("data", effect.obj, offset=offset, data=piece)
                self.dropped.setdefault((effect.obj, block), []).append(part)
        self.pending = left

    def bring_back(self, effect):
        """A page that is written to again is dirty as a whole, with what a failed flush dropped."""
        if effect.kind != "data":
            return
        for block in blocks_of(effect.offset, len(effect.data)):
            for part in self.dropped.pop((effect.obj, block), []):
                self.pending.append((self.taken, part))
                self.taken += 1

    def path_of_folder(self, obj):
        """Folders are not renamed by what we record."""
        if obj not in self.folders:
            return ""
        for _, effect in self.pending:
            if effect.kind == "name" and effect.obj == obj:
                return effect.path
        return next((path for path, o in self.names.items() if o == obj), "")


class Fate:
    """How one kind of things fares: a word, or dice."""

    def __init__(self, dice, word):
        self.dice, self.word = dice, word

    def keeps(self):
        if self.word == "all":
            return True
        if self.word == "none":
            return False
        return self.dice.random() < 0.5


def blocks_of(offset, length):
    return range(offset // BLOCK, (offset + length - 1) // BLOCK + 1) if length else range(0)


def part_of_block(effect, block):
    """The piece of a write that lies in one block: (offset, bytes)."""
    begin = max(effect.offset, block * BLOCK)
    end = min(effect.offset + len(effect.data), (block + 1) * BLOCK)
    return begin, effect.data[begin - effect.offset:end - effect.offset]


def lay_block(data, writes, versions, dice, tear):
    """One block of a file as of its `versions`-th write since the last flush; torn: with some
    sectors older."""
    pieces = [part_of_block(*w) for w in writes[:versions]]
    for offset, piece in pieces[:-1]:
        write_at(data, offset, piece)
    if not pieces:
        return
    offset, piece = pieces[-1]
    if not tear:
        write_at(data, offset, piece)
        return
    at = 0
    while at < len(piece):
        end = min(len(piece), at + SECTOR - (offset + at) % SECTOR)
        if dice.random() < 0.5:
            write_at(data, offset + at, piece[at:end])
        at = end


def lose_of_file(file, effects, fate, dice, garbage_odds=0.2):
    """A file after a cut. `fate`: all, none, zero (size without bytes), tail (bytes up to some
    point), subset (any blocks), torn (any sectors)."""
    if fate == "none" or not effects:
        return
    if fate == "all":
        for effect in effects:
            if effect.kind == "data":
                write_at(file.data, effect.offset, effect.data)
            else:
                resize(file.data, effect.size)
        return
    sizes, size = [len(file.data)], len(file.data)
    by_block = {}
    for effect in effects:
        if effect.kind == "size":
            size = effect.size
        else:
            size = max(size, effect.offset + len(effect.data))
            for block in blocks_of(effect.offset, len(effect.data)):
                by_block.setdefault(block, []).append((effect, block))
        sizes.append(size)
    final = sizes[-1] if fate == "zero" else dice.choice(sizes)
    if fate == "tail" and all(effect.kind == "data" for effect in effects):
        final = dice.randint(min(sizes), max(sizes))
    old = len(file.data)
    data = file.data
    for block, writes in by_block.items():
        if fate == "zero":
            versions = 0
        elif fate == "tail":
            versions = len(writes)
        else:
            versions = dice.randint(0, len(writes))
        lay_block(data, writes, versions, dice, fate == "torn")
    resize(data, final)
    if fate in ("zero", "subset") and final > old and dice.random() < garbage_odds:
        garbage = dice.randbytes(min(final - old, BLOCK))
        if fate == "zero":
            data[old:old + len(garbage)] = garbage


def lose_in_order(file, effects, kept, dice):
    """The same on ext4: what grew ends where its bytes end; what was there before is overwritten in
    any blocks. `kept`: the changes of size that are in the journal."""
    old = len(file.data)
    end = max([old] + [e.offset + len(e.data) for e in effects if e.kind == "data"])
    reached = dice.choice([old, end, dice.randint(old, end)])
    torn = dice.random() < 0.3
    by_block = {}
    for effect in effects:
        if effect.kind == "size":
            if id(effect) not in kept:
                break  # the truncation is not there yet, nor what came after it
            for block, writes in by_block.items():
                lay_block(file.data, writes, len(writes), dice, False)
            by_block = {}
            resize(file.data, effect.size)
            old = min(old, effect.size)
            continue
        for block in blocks_of(effect.offset, len(effect.data)):
            by_block.setdefault(block, []).append((effect, block))
    for block, writes in by_block.items():
        grows = (block + 1) * BLOCK > old
        versions = len(writes) if grows else dice.randint(0, len(writes))
        lay_block(file.data, writes, versions, dice, torn and not grows)
    if len(file.data) > max(old, reached):
        resize(file.data, max(old, reached))


@dataclass(frozen=True)
class Plan:
    """What happens to what no flush covers."""
    model: str  # posix, ext4, xfs
    names: str = "dice"  # all, none, dice
    bytes: str = "dice"  # all, none, zero, tail, subset, torn, dice
    tags: str = "dice"


# The plain disasters first; dice find the rest.
PLANS = (
    Plan("posix", "none", "none", "none"),
    Plan("posix", "all", "none", "none"),
    Plan("posix", "none", "all", "all"),
    Plan("posix", "all", "all", "all"),
    Plan("posix", "all", "zero", "all"),
    Plan("posix", "all", "tail", "none"),
    Plan("posix", "all", "torn", "all"),
    Plan("posix", "all", "subset", "dice"),
    Plan("posix"),
    Plan("ext4"),
    Plan("xfs"),
    Plan("xfs", bytes="subset"),
)
FATES = ("all", "none", "zero", "tail", "subset", "torn")


def cut(disk, plan, dice):
    """A state the cut may leave, as (names, files). Takes nothing away from `disk`."""
    names = dict(disk.names)
    effects = [effect for _, effect in disk.pending]
    touched = {}
    for effect in effects:
        if effect.kind in ("data", "size"):
            touched.setdefault(effect.obj, []).append(effect)
    files = {obj: disk.files[obj] for obj in disk.files}
    kept = one_by_one(effects, plan, dice) if plan.model == "posix" else in_order(effects, dice)
    for obj, some in touched.items():
        file = files.get(obj, File()).copy()
        files[obj] = file
        if plan.model == "ext4":
            lose_in_order(file, some, {id(e) for e in kept}, dice)
            continue
        fate = dice.choice(FATES) if plan.bytes == "dice" else plan.bytes
        if plan.model == "xfs":
            lose_of_file(file, before_lost_size(some, kept), fate, dice, 0)
        else:
            lose_of_file(file, some, fate, dice)
    for effect in kept:
        if effect.kind == "name":
            if effect.obj < 0:
                names.pop(effect.path, None)
            else:
                names[effect.path] = effect.obj
        elif effect.kind == "tag":
            if files.get(effect.obj) is disk.files.get(effect.obj):
                files[effect.obj] = files.get(effect.obj, File()).copy()
            files[effect.obj].tags[effect.tag] = effect.data
    return names, files


def before_lost_size(effects, kept):
    """What was done to a file before the first change of its size that was lost."""
    numbers = {id(effect) for effect in kept}
    for i, effect in enumerate(effects):
        if effect.kind == "size" and id(effect) not in numbers:
            return effects[:i]
    return effects


def one_by_one(effects, plan, dice):
    fates = {"name": Fate(dice, plan.names), "tag": Fate(dice, plan.tags)}
    return [e for e in effects if e.kind in fates and fates[e.kind].keeps()]


def in_order(effects, dice):
    """Changes of names, sizes and tags up to some point; no rename by halves."""
    changes = [e for e in effects if e.kind != "data"]
    count = dice.choice([0, len(changes), dice.randint(0, len(changes))])
    if 0 < count < len(changes) and changes[count].pair and \
            changes[count].pair == changes[count - 1].pair:
        count += 1
    return changes[:count]


def lay_out(names, files, folders, root):
    """Writes a state into the empty folder `root`. SQLite's -shm is never part of one: it is no
    durable state."""
    there = {}
    for path in sorted(names, key=lambda p: p.count("/")):
        parent = parent_of(path)
        if path.endswith("-shm") or (parent and parent not in there):
            continue  # a file whose folder was lost is lost
        obj = names[path]
        full = os.path.join(root, path)
        there[path] = obj
        if obj in folders:
            os.mkdir(full)
            continue
        file = files.get(obj, File())
        fd = os.open(full, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            if file.data:
                os.write(fd, file.data)
            for tag, value in file.tags.items():
                os.setxattr(fd, tag, value)
        finally:
            os.close(fd)


def differences(disk, root):
    """Where a full replay and the real folder differ: empty if the recorder saw everything."""
    real = Disk.of_tree(root)
    wrong = []
    for path in sorted(set(real.names) | set(disk.names)):
        if path.endswith("-shm"):
            continue
        if path not in real.names or path not in disk.names:
            wrong.append(f"{path}: only {'replayed' if path in disk.names else 'in the folder'}")
            continue
        a, b = real.files[real.names[path]], disk.file(disk.names[path])
        if a.data != b.data:
            wrong.append(f"{path}: other bytes")
        if a.tags != b.tags:
            wrong.append(f"{path}: other tags")
    return wrong
