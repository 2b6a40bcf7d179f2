#!/usr/bin/env python3
"""bench/run.py - how quick and how small the relay is, beside its peers and beside the limit.

Everything that is compared runs in the same rounds, in turns, on the same machine, over fresh
folders; what is told is the median with the least and the most. Ratios are the medians of the
ratios of each round, so that what disturbs a whole round disturbs neither side more. All traffic is
loopback, all programs are started and ended here, and what arrives is bounded.

  make bench                          all of it, some minutes
  bench/run.py --only tmpfs,memory    parts: tmpfs flush memory crowd million forward soak
                                      audio
  bench/run.py --rounds 7 --write     more rounds; and the tables go into docs/measurements.md
"""
import argparse
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import audio
from servers import Failed, Peers, cpu_s, descriptors, memory_kib, python

ROOT = Path(__file__).resolve().parent.parent
KIB = 1024
PHOTOS_MAX = 40000  # in one round: 2.5 GiB of 64 KiB
# Where the tables go: heading and marks. Each chapter is written whole or not at all.
CHAPTERS = {
    "relay": ("Speed and size (`make bench`)", "<!-- bench:begin -->", "<!-- bench:end -->"),
    "audio": ("Audio (`make bench`)", "<!-- audio:begin -->", "<!-- audio:end -->"),
}


class Table:
    """What one part found, printed as it comes and kept for the page."""

    def __init__(self, title, note, chapter="relay"):
        self.title, self.note, self.chapter, self.rows = title, note, chapter, []
        print(f"\n== {title}\n   {note}", flush=True)

    def add(self, what, measured, compared="", target="", met=None):
        verdict = "" if met is None else "met" if met else "**NOT met**"
        self.rows.append((what, measured, compared, target, verdict))
        print(f"   {what:<44} {measured:<34} {compared:<24} {target:<26} {verdict}", flush=True)

    def markdown(self):
        lines = [f"### {self.title}", "", self.note, "",
                 "| | measured | compared | wanted | |", "|---|---|---|---|---|"]
        return lines + ["| " + " | ".join(row) + " |" for row in self.rows] + [""]


def span(values, form="{:,.0f}"):
    middle = form.format(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({form.format(min(values))}-{form.format(max(values))})"


def in_turns(contenders, rounds):
    """Runs each of them once per round, beginning with another one each time."""
    results = {name: [] for name in contenders}
    names = list(contenders)
    for r in range(rounds):
        for i in range(len(names)):
            name = names[(i + r) % len(names)]
            results[name].append(contenders[name]())
            print(".", end="", flush=True)
    print("\r", end="")
    return results


def ratios(ours, theirs, key="per_second"):
    return [a[key] / b[key] for a, b in zip(ours, theirs)]


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read().decode()


def metric(port, name):
    found = re.search(rf"^camrelay_{name} (\S+)$", get(port, "/metrics"), re.M)
    return float(found.group(1)) if found else 0.0


class Watch(threading.Thread):
    """The most memory a program had while something was done to it."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.anon, self.rss, self.done = pid, 0, 0, threading.Event()

    def run(self):
        while not self.done.wait(0.1):
            self.look()

    def look(self):
        self.anon = max(self.anon, memory_kib(self.pid, "RssAnon"))
        self.rss = max(self.rss, memory_kib(self.pid, "VmRSS"))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join()
        self.look()


class Bench:
    def __init__(self, options):
        self.options = options
        self.peers = Peers(options.build)
        self.shim = options.build / "bench" / "flush_delay.so"
        self.disk = options.build / "bench-disk"
        self.disk.mkdir(exist_ok=True)
        self.tmpfs = Path("/dev/shm")

    # --- uploads ------------------------------------------------------------------------------

    def load(self, server, connections, size, seconds=None, photos=PHOTOS_MAX, host="127.0.0.1"):
        """Uploads as they come over kept-alive connections."""
        before = cpu_s(server.pid)
        with Watch(server.pid) as watch:
            done = subprocess.run(
                [self.peers.bench / "upload_load", host, str(server.port), str(connections),
                 str(seconds or self.options.seconds), str(size), str(photos), "multipart"],
                stdout=subprocess.PIPE, check=False)
        result = json.loads(done.stdout)
        if done.returncode != 0:
            raise Failed(f"{server.name}: {result['failed']} uploads failed")
        result["cpu_us"] = (cpu_s(server.pid) - before) / result["done"] * 1e6
        result["anon"], result["rss"] = watch.anon, watch.rss
        return result

    def once(self, start, connections, size):
        def run():
            with start() as server:
                return self.load(server, connections, size)
        return run

    def report_rates(self, table, results):
        for name, rounds in results.items():
            table.add(name, span([r["per_second"] for r in rounds]) + " /s",
                      f"CPU {span([r['cpu_us'] for r in rounds])} us")

    def tmpfs_part(self):
        t = self.tmpfs
        table = Table(
            "Receiving on tmpfs, 16 kept-alive connections",
            "Photos per second, multipart, and processor time of the server per photo. The bare "
            "program is one thread that writes each body to a file and does nothing else. The relay "
            "hashes, names, tags and remembers every photo in its database.")
        contenders = {
            "relay, 64 KiB": self.once(lambda: self.peers.relay(t), 16, 64 * KIB),
            "bare epoll, 64 KiB": self.once(lambda: self.peers.bare(t), 16, 64 * KIB),
            "bare epoll with SHA-256, 64 KiB":
                self.once(lambda: self.peers.bare(t, "sha256"), 16, 64 * KIB),
            "Flask development server, 64 KiB": self.once(lambda: self.peers.flask(t), 16, 64 * KIB),
            "Flask in gunicorn, 64 KiB": self.once(lambda: self.peers.gunicorn(t), 16, 64 * KIB),
            "relay, 256 KiB": self.once(lambda: self.peers.relay(t), 16, 256 * KIB),
            "bare epoll with SHA-256, 256 KiB":
                self.once(lambda: self.peers.bare(t, "sha256"), 16, 256 * KIB),
        }
        results = in_turns(contenders, self.options.rounds)
        self.report_rates(table, results)
        ours = results["relay, 64 KiB"]
        for name, wanted in (("Flask development server, 64 KiB", 12),
                             ("Flask in gunicorn, 64 KiB", None),
                             ("bare epoll, 64 KiB", 0.6),
                             ("bare epoll with SHA-256, 64 KiB", None)):
            self.add_ratio(table, f"relay / {name}", ratios(ours, results[name]), wanted)
        self.add_ratio(table, "relay / bare epoll with SHA-256, 256 KiB",
                       ratios(results["relay, 256 KiB"],
                              results["bare epoll with SHA-256, 256 KiB"]), 0.7)
        self.add_memory(table, "relay while receiving 64 KiB", ours)
        self.add_memory(table, "relay while receiving 256 KiB", results["relay, 256 KiB"])
        return table

    def add_ratio(self, table, what, values, wanted):
        middle = statistics.median(values)
        table.add(what, span(values, "{:.2f}") + " x", "", f">= {wanted} x" if wanted else "",
                  middle >= wanted if wanted else None)

    def add_memory(self, table, what, results, limit_mib=16):
        anon = max(r["anon"] for r in results) / KIB
        rss = max(r["rss"] for r in results) / KIB
        table.add(what, f"RssAnon {anon:.1f} MiB", f"RSS {rss:.1f} MiB",
                  f"<= {limit_mib} MiB RssAnon", anon <= limit_mib)

    # --- a slow disk --------------------------------------------------------------------------

    def slow(self, *options, prefix=()):
        env = {"LD_PRELOAD": str(self.shim), "SHIM_FLUSH_MS": "20", "SHIM_FLUSH_ONE_BY_ONE": "1"}
        if prefix:  # the tracer itself is not slowed down
            env = {}
            prefix = (*prefix, "-E", f"LD_PRELOAD={self.shim}", "-E", "SHIM_FLUSH_MS=20", "-E",
                      "SHIM_FLUSH_ONE_BY_ONE=1")
        return self.peers.relay(self.disk, *options, env=env, prefix=prefix)

    def slow_round(self, *options):
        def run():
            with self.slow(*options) as server:
                result = self.load(server, 32, 64 * KIB, max(5, self.options.seconds))
                count = metric(server.port, "flush_seconds_count")
                total = metric(server.port, "flush_seconds_sum")
                result["flush_ms"] = total / count * 1000 if count else 0
                result["durability"] = json.loads(get(server.port, "/health"))["durability"]
                return result
        return run

    def count_flushes(self):
        counts = self.disk / "flushes"
        tracer = ("strace", "-f", "-q", "-c", "--seccomp-bpf", "-e",
                  "trace=fsync,fdatasync,syncfs,sync_file_range,msync", "-o", counts)
        with self.slow(prefix=tracer) as server:
            result = self.load(server, 32, 64 * KIB, max(5, self.options.seconds))
            child = [p for p in Path(f"/proc/{server.pid}/task/{server.pid}/children")
                     .read_text().split()]
            for pid in child:  # the tracer writes its table when what it traces ends
                os.kill(int(pid), 15)
            server.process.wait(20)
        calls = {}
        for line in counts.read_text().splitlines():
            fields = line.split()
            if len(fields) >= 5 and fields[-1] in ("fsync", "fdatasync", "syncfs", "msync",
                                                   "sync_file_range"):
                calls[fields[-1]] = int(fields[3])
        counts.unlink()
        return calls, result["done"]

    def flush_part(self):
        table = Table(
            "Durable uploads, every flush 20 ms longer",
            "32 kept-alive connections, 64 KiB, on the disk of this machine, whose own flushes take "
            "their time on top. Flushes wait for each other, as on a medium with one queue. One "
            "flush per batch could at best reach 1,600 photos/s with flushes of 20 ms, one flush "
            "per photo 50.")
        results = in_turns({"one flush per batch": self.slow_round(),
                            "a flush for each file": self.slow_round("--durability", "per-file")},
                           self.options.rounds)
        for name, rounds in results.items():
            flush = [r["flush_ms"] for r in rounds if r["flush_ms"] > 0]
            table.add(f"relay, {name} ({rounds[0]['durability']})",
                      span([r["per_second"] for r in rounds]) + " /s",
                      f"flush {span(flush, '{:.1f}')} ms" if flush else "",
                      ">= 1,000 /s" if name == "one flush per batch" else "",
                      statistics.median([r["per_second"] for r in rounds]) >= 1000
                      if name == "one flush per batch" else None)
        ours = results["one flush per batch"]
        table.add("slowest 1 % answered within", span([r["p99_us"] / 1000 for r in ours]) + " ms",
                  span([r["p99_us"] / 1000 / r["flush_ms"] for r in ours], "{:.2f}") + " flushes",
                  "<= 3 flushes",
                  statistics.median([r["p99_us"] / 1000 / r["flush_ms"] for r in ours]) <= 3)
        calls, photos = self.count_flushes()
        table.add("flushes counted by strace", ", ".join(f"{k} {v}" for k, v in calls.items()),
                  f"for {photos:,} photos: {sum(calls.values()) / photos:.3f} each")
        self.add_memory(table, "relay meanwhile", ours)
        return table

    # --- memory and crowds --------------------------------------------------------------------

    def connect(self, server, count, first=b""):
        links = []
        for i in range(count):
            link = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            if first:
                link.sendall(first)
            links.append(link)
        return links

    def upload_over(self, link, size):
        body = b"\xff\xd8\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0"
        body += b"p" * (size - len(body) - 2) + b"\xff\xd9"
        link.sendall(b"POST /upload HTTP/1.1\r\nHost: h\r\nContent-Type: image/jpeg\r\n"
                     b"Content-Length: %d\r\n\r\n" % size + body)
        answer = b""
        while b"\r\n\r\n{" not in answer:
            more = link.recv(4096)
            if not more:
                raise Failed("the relay closed a connection")
            answer += more
        if not answer.startswith(b"HTTP/1.1 200"):
            raise Failed(answer[:200].decode())

    def memory_part(self):
        table = Table("Memory", "RssAnon is what the program has for itself; RSS counts the pages "
                      "of libraries and of the database as well, which others share or the kernel "
                      "takes back.")
        with self.peers.relay(self.tmpfs) as server:
            time.sleep(1)
            table.add("relay, just started", f"RssAnon {memory_kib(server.pid, 'RssAnon') / KIB:.1f} "
                      f"MiB", f"RSS {memory_kib(server.pid, 'VmRSS') / KIB:.1f} MiB")
            with Watch(server.pid) as watch:
                links = self.connect(server, 1000)
                for link in links:
                    self.upload_over(link, 64 * KIB)
                time.sleep(1)
            now = {"anon": memory_kib(server.pid, "RssAnon"), "rss": memory_kib(server.pid, "VmRSS")}
            self.add_memory(table, "1,000 idle connections, each uploaded a photo", [now])
            self.add_memory(table, "the most while they did", [{"anon": watch.anon,
                                                                "rss": watch.rss}])
            for link in links:
                link.close()
        return table

    def crowd_part(self):
        table = Table("A quick camera beside a crowd", "1,000 connections that send nothing or one "
                      "byte, while one connection uploads 64 KiB on tmpfs, one photo after another.")

        def alone():
            with self.peers.relay(self.tmpfs) as server:
                return self.load(server, 1, 64 * KIB, 2)

        def beside(first):
            def run():
                with self.peers.relay(self.tmpfs) as server:
                    links = self.connect(server, 1000, first)
                    result = self.load(server, 1, 64 * KIB, 2)
                    for link in links:
                        link.close()
                    return result
            return run
        results = in_turns({"alone": alone, "beside 1,000 silent ones": beside(b""),
                            "beside 1,000 that sent one byte": beside(b"P")}, self.options.rounds)
        for name, rounds in results.items():
            table.add(name, span([r["per_second"] for r in rounds]) + " /s",
                      "slowest 1 % " + span([r["p99_us"] / 1000 for r in rounds], "{:.2f}") + " ms")
        worst = min(statistics.median(ratios(rounds, results["alone"]))
                    for name, rounds in results.items() if name != "alone")
        table.add("rate beside a crowd / alone", f"{worst:.2f} x", "", ">= 0.5 x", worst >= 0.5)
        return table

    # --- a million photos ---------------------------------------------------------------------

    def timed(self, port, path):
        link = socket.create_connection(("127.0.0.1", port), timeout=30)
        start = time.monotonic()
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        first = link.recv(65536)
        size = len(first)
        while more := link.recv(65536):
            size += len(more)
        took = (time.monotonic() - start) * 1000
        link.close()
        if not first.startswith(b"HTTP/1.1 200"):
            raise Failed(f"{path}: {first[:200]!r}")
        return took, size

    def million_part(self):
        count = self.options.photos
        table = Table(f"{count:,} stored photos", "The folder holds as many names, hard links to a "
                      "few files, and the database was written row by row through the relay's own "
                      "state; so the scan for new files runs over all of it. On the disk of this "
                      "machine, with warm caches.")
        folder = Path(tempfile.mkdtemp(prefix="million-", dir=self.disk)) / "photos"
        try:
            subprocess.run([self.peers.bench / "make_photos", folder, str(count), "4096"],
                           check=True)
            self.measure_million(table, folder, count)
        finally:
            shutil.rmtree(folder.parent, ignore_errors=True)
        return table

    def measure_million(self, table, folder, count):
        starts = []
        for _ in range(3):
            with self.peers.relay(self.disk, folder=folder) as server:
                starts.append(server.start_s)
        table.add("from start to listening", span(starts, "{:.2f}") + " s", "", "<= 5 s",
                  max(starts) <= 5)
        with self.peers.relay(self.disk, folder=folder) as server, Watch(server.pid) as watch:
            for name, path, limit in (("/list?limit=100, while the folder is looked through",
                                       "/list?limit=100", None),
                                      ("/list?limit=100", "/list?limit=100", 10),
                                      ("/", "/", 20)):
                if limit == 10:
                    self.wait_until_quiet(server)
                times = [self.timed(server.port, path)[0] for _ in range(30)]
                table.add(name, span(times, "{:.1f}") + " ms", "",
                          f"< {limit} ms" if limit else "",
                          statistics.median(times) < limit if limit else None)
            stored = json.loads(get(server.port, "/health"))["stored_total"]
            if stored != count:
                raise Failed(f"{stored} photos are known instead of {count}")
            took, size = self.timed(server.port, "/list")
            table.add("/list, all of it", f"{took / 1000:.1f} s", f"{size / KIB / KIB:.0f} MiB")
        self.add_memory(table, "relay meanwhile", [{"anon": watch.anon, "rss": watch.rss}], 64)

    def wait_until_quiet(self, server):
        """Until the scan of the folder is over: the relay uses no processor time any more."""
        before, since = cpu_s(server.pid), time.monotonic()
        while time.monotonic() - since < 120:
            time.sleep(1)
            now = cpu_s(server.pid)
            if now - before < 0.03:
                return
            before = now

    # --- forwarding ---------------------------------------------------------------------------

    def receiver_took(self, sink):
        until = time.monotonic() + 300
        while time.monotonic() < until:
            found = re.search(r"took (\S+)", sink.log.read_text())
            if found:
                return float(found.group(1))
            time.sleep(0.02)
        raise Failed("the receiver did not get them all")

    def forward_with_relay(self, folder, count):
        def run():
            copy = folder.parent / f"copy-{time.monotonic_ns()}"
            subprocess.run([self.peers.bench / "make_photos", copy, str(count), str(64 * KIB),
                            "remote"], check=True)
            with self.peers.bare(self.tmpfs, "sink", str(count)) as sink:
                with self.peers.relay(self.tmpfs, "--remote",
                                      f"http://127.0.0.1:{sink.port}/upload",
                                      folder=copy) as server:
                    with Watch(server.pid) as watch:
                        took = self.receiver_took(sink)
                    cpu = cpu_s(server.pid)
            shutil.rmtree(copy)
            return {"per_second": count / took, "cpu_us": cpu / count * 1e6, "anon": watch.anon,
                    "rss": watch.rss}
        return run

    def forward_with_python(self, folder, count, kind):
        def run():
            with self.peers.bare(self.tmpfs, "sink", str(count)) as sink:
                sender = subprocess.Popen(
                    [python(), Path(__file__).with_name("senders.py"),
                     f"http://127.0.0.1:{sink.port}/upload", folder, str(count), kind])
                took = self.receiver_took(sink)
                _, status, usage = os.wait4(sender.pid, 0)
                sender.returncode = os.waitstatus_to_exitcode(status)
            return {"per_second": count / took,
                    "cpu_us": (usage.ru_utime + usage.ru_stime) / count * 1e6}
        return run

    def forward_part(self):
        count = self.options.backlog
        table = Table(f"Forwarding a backlog of {count:,} photos of 64 KiB",
                      "To a receiver on this machine that reads each body and answers 200, counted "
                      "there from the first connection to the last answer. The relay starts with "
                      "all of them pending, reads them from tmpfs, and records each delivery.")
        home = Path(tempfile.mkdtemp(prefix="camrelay-bench-", dir=self.tmpfs))
        folder = home / "photos"
        try:
            subprocess.run([self.peers.bench / "make_photos", folder, str(count), str(64 * KIB)],
                           check=True)
            results = in_turns({
                "relay": self.forward_with_relay(folder, count),
                "a loop with requests": self.forward_with_python(folder, count, "plain"),
                "a loop with requests.Session": self.forward_with_python(folder, count, "session"),
            }, min(3, self.options.rounds))
        finally:
            shutil.rmtree(home, ignore_errors=True)
        self.report_rates(table, results)
        for name, rounds in results.items():
            if name != "relay":
                self.add_ratio(table, f"relay / {name}", ratios(results["relay"], rounds), 10)
        self.add_memory(table, "relay meanwhile", results["relay"])
        return table

    # --- for long -----------------------------------------------------------------------------

    def soak_part(self):
        seconds = self.options.soak
        table = Table(f"{seconds} s of uploads", "Does anything grow? 16 connections, 64 KiB on "
                      "tmpfs; the oldest photos go as new ones come (retention_max_bytes).")
        with self.peers.relay(self.tmpfs, "--retention", "--retention-max-bytes", "256M") as server:
            seen = []
            for _ in range(6):
                result = self.load(server, 16, 64 * KIB, seconds / 6, 1 << 22)
                time.sleep(1)
                seen.append((result["done"], memory_kib(server.pid, "RssAnon") / KIB,
                             descriptors(server.pid)))
        anon = [s[1] for s in seen]
        table.add("photos received", f"{sum(s[0] for s in seen):,}")
        table.add("RssAnon after each sixth", " ".join(f"{a:.1f}" for a in anon) + " MiB", "",
                  "no growth after the first", anon[-1] <= max(anon[0], anon[1]) * 1.1)
        table.add("descriptors after each sixth", " ".join(str(s[2]) for s in seen), "",
                  "the same", max(s[2] for s in seen) == min(s[2] for s in seen))
        return table

    # --- the audio streamer -------------------------------------------------------------------

    def audio_part(self):
        return audio.measure(self.options.build, Table(
            "The audio streamer", "Instructions are counted, by qemu-system-riscv32 under -icount, of "
            "what Debian's gcc makes of the core for rv32imc; per cent at one a cycle, which a chip "
            "does not reach: instructions are not cycles. The delay is measured from the modelled "
            "microphone to the moment Chromium says the sound leaves for the sound card, on the "
            "loopback of this machine; there is no sound card in it.", "audio"))


def write_chapter(text, chapter, tables, options):
    """The page with this chapter's tables in place of the old ones."""
    heading, begin, end = CHAPTERS[chapter]
    if begin not in text:
        text += f"\n## {heading}\n\n{begin}\n{end}\n"
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    lines = [f"Measured {time.strftime('%Y-%m-%d')} with `bench/run.py --rounds {options.rounds}` on "
             f"{os.cpu_count()} cores ({cpu.group(1) if cpu else platform.machine()}), Linux "
             f"{platform.release().split('-')[0]}, load average before {options.load:.1f}: a machine "
             f"with other work on it, so only what was measured side by side compares.", ""]
    for table in tables:
        lines += table.markdown()
    before, rest = text.split(begin, 1)
    return before + begin + "\n" + "\n".join(lines) + end + rest.split(end, 1)[1]


def write_page(tables, options):
    page = ROOT / "docs" / "measurements.md"
    text = page.read_text() if page.exists() else "# Measurements\n"
    for chapter in CHAPTERS:
        own = [table for table in tables if table.chapter == chapter]
        if own:
            text = write_chapter(text, chapter, own, options)
    page.write_text(text)
    print(f"written: {page.relative_to(ROOT)}")


def main():
    parts = ["tmpfs", "flush", "memory", "crowd", "million", "forward", "soak", "audio"]
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default=",".join(parts), help="parts, with commas")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=3, help="of one round (3)")
    p.add_argument("--photos", type=int, default=1000000, help="of the part million")
    p.add_argument("--backlog", type=int, default=10000, help="of the part forward")
    p.add_argument("--soak", type=int, default=60, help="seconds of the part soak")
    p.add_argument("--build", type=Path, default=ROOT / "build" / "release")
    p.add_argument("--write", action="store_true", help="put the tables into docs/measurements.md")
    options = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended, then
    options.load = os.getloadavg()[0]
    options.build = options.build.resolve()
    wanted = options.only.split(",")
    if not set(wanted) <= set(parts):
        p.error("parts are " + " ".join(parts))
    bench = Bench(options)
    tables = []
    try:
        for part in parts:
            if part in wanted:
                tables.append(getattr(bench, part + "_part")())
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    missed = [row for table in tables for row in table.rows if "NOT" in row[4]]
    print(f"\n{len(missed)} of the wanted numbers were not met.")
    if options.write:
        write_page(tables, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
