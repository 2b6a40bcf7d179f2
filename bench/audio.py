"""The audio streamer's numbers: instructions and memory of its core built for the ESP32-C3, the delay
from the microphone to the sound card through the page, and eight listeners at once."""
import base64
import json
import os
import re
import socket
import statistics
import struct
import subprocess
import threading
import time
from pathlib import Path

from servers import Failed, cpu_s

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = 77
LISTENERS = 8
RATE = 16000


def told_by(*command):
    """What a script prints; None: it lacks its tools."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == SKIPPED:
        print(done.stdout, end="")
        return None
    if done.returncode not in (0, 1) or not done.stdout:
        raise Failed(f"{command[0]} ended with {done.returncode}")
    return done.stdout


def count_instructions(table):
    text = told_by(ROOT / "bench" / "audio_count")
    if text is None:
        table.add("instructions on rv32imc", "skipped: no compiler or qemu-system-riscv32")
        return
    rows = re.findall(r"^audio_count: (.+?) +(\d+) instructions a sample, (\S+) %", text, re.M)
    for name, count, percent in rows:
        whole = name.startswith("chain")
        table.add(name, f"{int(count):,} a sample", f"{percent} % of 160 MHz",
                  "<= 8 %" if whole else "", float(percent) <= 8 if whole else None)


def memory_of_core(table):
    text = told_by(ROOT / "tools" / "audio_cross")
    found = re.search(r"RAM of the core (\d+) bytes: (.*)", text or "")
    if found:
        kib = int(found.group(1)) / 1024
        table.add("RAM of the core with 8 listeners", f"{kib:.1f} KiB", found.group(2), "<= 32 KiB",
                  kib <= 32)


class Vaudio:
    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, "--port", "0", *options], text=True,
                                        stdout=subprocess.PIPE)
        found = re.search(r":(\d+)/", self.process.stdout.readline())
        if not found:
            raise Failed("vaudio did not start")
        self.port = int(found.group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


class Listener(threading.Thread):
    """A WebSocket that counts what is missing between the frames."""

    def __init__(self, port, codec, seconds):
        super().__init__(daemon=True)
        self.port, self.codec, self.seconds = port, codec, seconds
        self.samples = self.missing = self.marks = 0

    def run(self):
        key = base64.b64encode(os.urandom(16)).decode()
        with socket.create_connection(("127.0.0.1", self.port), 30) as link:
            link.sendall((f"GET /ws?codec={self.codec} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
            with link.makefile("rb") as file:
                while file.readline().strip():
                    pass
                self.listen(link, file, time.monotonic() + self.seconds)

    def listen(self, link, file, end):
        expected = None
        while time.monotonic() < end:
            first, second = file.read(2)
            length = struct.unpack(">H", file.read(2))[0] if second == 126 else second
            payload = file.read(length)
            if first & 15 == 9:
                link.sendall(b"\x8a\x80\0\0\0\0")
            if first & 15 != 2:
                continue
            kind, _, _, index = struct.unpack("<BBHI", payload[:8])
            size = {"pcm": 0.5, "ulaw": 1, "adpcm": 2}[self.codec]
            count = int((length - 8 - (4 if self.codec == "adpcm" else 0)) * size)
            if expected is not None:
                self.missing += (index - expected) % (1 << 32)
                self.marks += kind >> 4 & 1
            expected = index + count
            self.samples += count


def eight_listeners(table, program, seconds):
    with Vaudio(program) as v:
        listeners = [Listener(v.port, codec, seconds)
                     for codec in ("pcm", "pcm", "pcm", "ulaw", "ulaw", "adpcm", "adpcm", "adpcm")]
        before = cpu_s(v.process.pid)
        for one in listeners:
            one.start()
        for one in listeners:
            one.join()
        cpu = (cpu_s(v.process.pid) - before) / seconds * 100
    lost = sum(one.missing for one in listeners)
    marks = sum(one.marks for one in listeners)
    least = min(one.samples for one in listeners)
    table.add(f"{LISTENERS} listeners for {seconds} s, samples lost", f"{lost} of {least * LISTENERS:,}",
              f"{cpu:.0f} % of one core for vaudio", "0, nobody behind",
              lost == 0 and marks == 0 and least > RATE * (seconds - 1))


def delay_of_page(table, program, rounds, seconds):
    """Each round is a browser of its own; the delays of all are one heap."""
    told = []
    for _ in range(rounds):
        done = subprocess.run(["node", ROOT / "bench" / "audio_latency.mjs", program, str(seconds)],
                              stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode == SKIPPED:
            table.add("delay, page over a WebSocket", "skipped: no Chromium")
            return
        if done.returncode != 0:
            raise Failed(f"audio_latency.mjs ended with {done.returncode}")
        told.append(json.loads(done.stdout))
        if len(told[-1]["delays"]) < seconds:
            raise Failed(f"only {len(told[-1]['delays'])} pips were heard")
    delays = sorted(delay for one in told for delay in one["delays"])
    median, p95 = statistics.median(delays), delays[int(len(delays) * 0.95)]
    each = ", ".join(f"{statistics.median(one['delays']):.0f}" for one in told)
    table.add("delay, page over a WebSocket: median", f"{median:.0f} ms",
              f"rounds {each}; {told[0]['output']:.0f} ms of it Chromium's output", "<= 120 ms",
              median <= 120)
    table.add("p95", f"{p95:.0f} ms", f"slowest {delays[-1]:.0f} ms of {len(delays)} pips", "<= 200 ms",
              p95 <= 200)
    table.add("dropouts meanwhile", ", ".join(str(one["underruns"]) for one in told),
              f"{sum(one['lost'] for one in told):.0f} samples lost")
    table.add("delay the page itself shows", ", ".join(f"{one['shown']:.0f}" for one in told) + " ms")


def measure(build, table, rounds=3, seconds=30):
    program = build / "bin" / "vaudio"
    count_instructions(table)
    memory_of_core(table)
    eight_listeners(table, program, 20)
    delay_of_page(table, program, rounds, seconds)
    return table
