#!/usr/bin/env python3
"""Records a loaded camrelayd, cuts its power in thousands of ways, and checks the promise in each.

usage: powercut.py [--program FILE] [--recorder FILE] [--states N] [--rounds N] [--photos N]
                   [--size BYTES] [--seed N] [--workers N] [--kind KIND]... [--control NAME]...
                   [--keep FOLDER]

KIND: one-flush, per-file, journal (no extended attributes), again (a run that begins on what a cut
left), failing (a flush fails and drops what the database had written), log (so many small photos
that the database is written back from its log). NAME: no-flush, early-ack, sync-off: the recording
is falsified so that the promise is broken; the check must notice, and the program fails if it does
not. docs/formats.md says what a cut may leave.
"""
import argparse
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass

from check import Check, Truth
from daemon import Daemon
from disk import PLANS, Disk, cut, differences, lay_out
from load import Cameras, Readers, Sink, make_photos
from recording import FLUSH_FILE, Effect, Mark, Recording

CONNECTIONS = 8
FLUSH_MS = 3  # recorded flushes last at least so long, so that uploads meet in batches
FORWARD_EVERY = 8  # states: each so-and-so-many-th is also forwarded to the end
ADOPT_EVERY = 3
CONTROL_STATES_MAX = 600  # enough to notice; sorted by time, the first ones are harmless
LOG_PHOTOS, LOG_SIZE = 3000, 400  # more than STATE_LOG_BYTES_MAX of relay/logic/limits.h


@dataclass
class Run:
    """One recorded run with all that is known about it."""
    kind: str
    recording: Recording
    truth: Truth
    acked_before: list  # answers of earlier runs, before the cut this one begins on
    sent: set  # SHA-256 of what the destination had by the end


def find_ground():
    """Where states are laid out: memory if it keeps extended attributes (Linux 6.6), for its speed;
    else the folder for temporary files. The model, not the disk below, says what a cut leaves."""
    for folder in ("/dev/shm", tempfile.gettempdir()):
        try:
            with tempfile.NamedTemporaryFile(dir=folder) as file:
                os.setxattr(file.fileno(), "user.camrelay", b"x")
            return folder
        except OSError:
            continue
    return tempfile.gettempdir()


def pretend_ext4(work):
    """A list of mounts for camrelayd in which every file system is ext4."""
    path = os.path.join(work, "mountinfo")
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        lines = [re.sub(r" - \S+ ", " - ext4 ", line) for line in file]
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(lines)
    return path


def start_with(options, environment):
    def start(root, work, arguments):
        return Daemon(options.program, root, work, arguments,
                      {"LD_PRELOAD": options.recorder, "POWERCUT_MOUNTS": options.mounts,
                       **environment})
    return start


def record(options, kind, folder, seed, base=None):
    """Runs a camrelayd under load. `base`: (Disk, Truth, answers, what the destination has) of the
    state it begins on; its folder is there already."""
    root, log = os.path.join(folder, "root"), os.path.join(folder, "recording")
    os.makedirs(root, exist_ok=True)
    sink = Sink()
    truth, before, sent = Truth(), [], set()
    if base is not None:
        _, truth, before, sent = base
    durability = "per-file" if kind == "per-file" else "one-flush"
    environment = {"POWERCUT_ROOT": root, "POWERCUT_LOG": log, "POWERCUT_FLUSH_MS": str(FLUSH_MS)}
    if kind == "journal":
        environment["POWERCUT_NO_TAGS"] = "1"
    if kind == "failing":
        environment["POWERCUT_FAIL_FLUSH"] = "6"
    daemon = start_with(options, environment)(
        root, os.path.join(folder, "work"),
        ["--durability", durability, "--remote", sink.url, "--immediate", "--adopt=no"])
    if kind == "log":
        photos = make_photos(seed, LOG_PHOTOS, LOG_SIZE)
    else:
        photos = make_photos(seed, options.photos, options.size)
    cameras = Cameras(daemon.port(), photos, CONNECTIONS)
    readers = Readers(daemon.port(), 2 if kind == "failing" else 0)
    cameras.wait()
    readers.stop()
    if kind == "again":
        daemon.kill()
    elif daemon.end() != 0:
        raise RuntimeError(f"camrelayd did not end well:\n{daemon.log()}")
    sink.close()
    if cameras.refused:
        raise RuntimeError(f"refused under load: {cameras.refused[0][1:]}")
    truth.add(photos, cameras.answers)
    recording = Recording(root, base[0] if base else None).read(log)
    prove_complete(recording, root)
    return Run(kind, recording, truth, before, sent | set(sink.received))


def prove_complete(recording, root):
    """All effects together must give the folder as it is: then the recorder missed nothing."""
    disk = recording.base.fork() if recording.base else Disk()
    for event in recording.events:
        if isinstance(event, Effect):
            disk.keep(event)
    disk.folders |= recording.folders
    wrong = differences(disk, root)
    if wrong:
        raise RuntimeError("the recording is not complete: " + "; ".join(wrong[:5]))


def database_of(recording):
    """The objects that were the database or its log."""
    own = {obj for path, obj in recording.names.items() if "state.db" in path}
    return own | {e.obj for e in recording.events
                  if isinstance(e, Effect) and e.kind == "name" and "state.db" in e.path}


def falsify(events, control, recording):
    """The same run by a relay that breaks the promise in one way."""
    if control == "no-flush":
        return [e for e in events if not (isinstance(e, Mark) and e.kind in ("begin", "end"))]
    if control == "sync-off":
        own = database_of(recording)
        own |= {obj for path, obj in recording.names.items() if path == ".camrelay"}
        silent = {e.number for e in events
                  if isinstance(e, Mark) and e.kind == "begin" and e.scope == FLUSH_FILE and
                  e.obj in own}
        return [e for e in events if not (isinstance(e, Mark) and e.number in silent and
                                          e.kind in ("begin", "end"))]
    if control == "early-ack":
        falsified, begun = [], 0
        for event in events:
            if isinstance(event, Mark) and event.kind == "ack":
                falsified.insert(begun, event)
            else:
                if isinstance(event, Mark) and event.kind == "begin":
                    begun = len(falsified)
                falsified.append(event)
        return falsified
    return events


def choose_points(events, count, dice, recording, control):
    """Where to cut: behind answers, inside flushes, after the database was written back, anywhere.
    """
    database = {e.obj for e in events if isinstance(e, Effect) and e.kind == "name" and
                e.path.endswith("state.db")}
    database |= {obj for path, obj in recording.names.items() if path.endswith("state.db")}
    kinds = {"ack": [], "flush": []}
    writes = []
    for i, event in enumerate(events):
        if isinstance(event, Mark):
            kind = "ack" if event.kind == "ack" else "flush"
            if event.kind != "none":
                kinds[kind].append(i)
        elif event.kind == "data" and event.obj in database:
            writes.append(i)
    kinds["first"] = list(range(max(0, kinds["ack"][0] - 100), kinds["ack"][0] + 40))
    kinds["log"] = just_written_back(writes, kinds["ack"][0], len(events))
    if control == "sync-off":  # it shows nowhere else
        return sorted(dice.choices(kinds["log"], k=count))
    points = []
    for kind, share in (("ack", 0.4), ("flush", 0.2), ("log", 0.15), ("first", 0.1)):
        if kinds[kind]:
            points += dice.choices(kinds[kind], k=int(count * share))
    points += [dice.randrange(len(events)) for _ in range(count - len(points))]
    return sorted(points)


def just_written_back(writes, first_ack, end):
    """The moments after the database was written back from its log, which is then used anew."""
    ends = [i for i, j in zip(writes, writes[1:] + [end]) if j - i > 3 and i > first_ack]
    return sorted({j for i in ends for j in range(i, min(i + 12, end))})


def check_states(options, run, count, seed, control="", stop_at=None):
    """Checks `count` states of one run; answers (states checked, [(where, what was wrong)])."""
    dice = random.Random(seed)
    events = falsify(run.recording.events, control, run.recording)
    points = Counter(choose_points(events, count, dice, run.recording, control))
    disk = run.recording.base.fork() if run.recording.base else Disk()
    disk.forgets = database_of(run.recording)
    folder = tempfile.mkdtemp(prefix="state-", dir=options.work)
    sink = Sink()
    done, wrong = 0, []
    try:
        for i, event in enumerate(events):
            disk.take(event, run.recording)
            for _ in range(points[i]):
                plan = PLANS[(done + done // len(PLANS) + seed) % len(PLANS)]
                root = os.path.join(folder, "root")
                shutil.rmtree(root, ignore_errors=True)
                os.mkdir(root)
                names, files = cut(disk, plan, dice)
                lay_out(names, files, disk.folders, root)
                manner = check_manner(run.kind, plan, done)
                found = check_one(options, run, disk, (root, sink, manner), dice)
                done += 1
                if found:
                    wrong.append((f"{run.kind}, event {i} of {len(events)}, {plan}, seed {seed}",
                                  found))
                    keep_state(options, root, len(wrong), control)
                if stop_at is not None and len(wrong) >= stop_at:
                    return done, wrong
    finally:
        sink.close()
        shutil.rmtree(folder, ignore_errors=True)
    return done, wrong


def check_manner(kind, plan, number):
    """Most states are only looked at; some are also forwarded to the end, some adopt what lies
    there. Adopting is judged where tags are kept with their names, as every file system of the
    one-flush kind keeps them: without its tag, a file with a hole is like one somebody copied in.
    """
    if number % FORWARD_EVERY == 0 and kind != "log":  # thousands of photos would take too long
        return "forward"
    if number % ADOPT_EVERY == 0 and plan.model != "posix":
        return "adopt"
    return "look"


def check_one(options, run, disk, where, dice):
    root, sink, manner = where
    with sink.lock:
        sink.received.clear()
    check = Check(root, run.truth, run.acked_before + disk.acks, run.sent)
    work = os.path.join(os.path.dirname(root), "work")
    return check.run(start_with(options, {}), work, sink, dice, manner)


def keep_state(options, root, number, control):
    if options.keep and not control and number <= 3:
        shutil.copytree(root, os.path.join(options.keep, f"{os.getpid()}-{number}"),
                        dirs_exist_ok=True)


def share_out(options, run, count, seed, control=""):
    """The same over several processes."""
    if options.workers < 2 or control:
        return check_states(options, run, count, seed, control, stop_at=3 if control else None)
    shares = [count // options.workers + (i < count % options.workers)
              for i in range(options.workers)]
    with multiprocessing.get_context("fork").Pool(options.workers) as pool:
        results = pool.starmap(check_states, [(options, run, share, seed * 1000 + i)
                                              for i, share in enumerate(shares)])
    return sum(r[0] for r in results), [w for r in results for w in r[1]]


def cut_for_next(run, dice, root):
    """A state of `run` as the ground of the next one."""
    events = run.recording.events
    stop = dice.randrange(len(events) // 3, len(events))
    disk = Disk()
    for event in events[:stop]:
        disk.take(event, run.recording)
    names, files = cut(disk, PLANS[-1], dice)
    os.makedirs(root)
    lay_out(names, files, disk.folders, root)
    return Disk.of_tree(root), run.truth, run.acked_before + disk.acks, run.sent


def tell(text):
    print(text, flush=True)


def report(title, done, wrong, began):
    tell(f"{title}: {done} states, {len(wrong)} wrong, {time.monotonic() - began:.1f} s")
    for where, what in wrong[:3]:
        tell(f"  {where}:\n    " + "\n    ".join(what[:5]))


def run_kind(options, kind, states, seed):
    """Records one kind and checks its states; answers (run, number of wrong ones)."""
    folder = tempfile.mkdtemp(prefix=f"{kind}-", dir=options.work)
    base = None
    if kind == "again":
        first = record(options, "one-flush", os.path.join(folder, "first"), seed + 1)
        base = cut_for_next(first, random.Random(seed), os.path.join(folder, "root"))
    began = time.monotonic()
    run = record(options, kind, folder, seed, base)
    counts = Counter(e.kind for e in run.recording.events)
    tell(f"{kind}: recorded {counts['ack']} answers, {counts['data']} writes, "
         f"{counts['name']} names, {counts['begin']} flushes in {time.monotonic() - began:.1f} s")
    began = time.monotonic()
    done, wrong = share_out(options, run, states, seed)
    report(kind, done, wrong, began)
    return run, len(wrong)


def run_control(options, run, control, seed):
    began = time.monotonic()
    done, wrong = share_out(options, run, min(options.states, CONTROL_STATES_MAX), seed, control)
    report(f"control {control} (must be wrong)", done, wrong, began)
    return len(wrong) > 0


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="build/dev/bin/camrelayd")
    parser.add_argument("--recorder", default="build/dev/shims/recorder.so")
    parser.add_argument("--states", type=int, default=500, help="over all kinds and rounds")
    parser.add_argument("--rounds", type=int, default=1, help="recordings of each kind")
    parser.add_argument("--photos", type=int, default=96)
    parser.add_argument("--size", type=int, default=12000, help="largest photo, bytes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kind", action="append", default=[])
    parser.add_argument("--control", action="append", default=[])
    parser.add_argument("--keep", help="folder for the first states that are wrong")
    options = parser.parse_args(arguments)
    options.program = os.path.abspath(options.program)
    options.recorder = os.path.abspath(options.recorder)
    return options


def main(arguments):
    options = parse_arguments(arguments)
    kinds = (options.kind or ["one-flush"]) * options.rounds
    failed = False
    first = None
    with tempfile.TemporaryDirectory(prefix="powercut-", dir=find_ground()) as options.work:
        options.mounts = pretend_ext4(options.work)
        for i, kind in enumerate(kinds):
            states = options.states // len(kinds) + (i < options.states % len(kinds))
            run, wrong = run_kind(options, kind, states, options.seed + i)
            first = first or run
            failed = failed or wrong > 0
        for control in options.control:
            failed = not run_control(options, first, control, options.seed) or failed
    tell("power cuts: " + ("FAILED" if failed else "the promise was kept"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
