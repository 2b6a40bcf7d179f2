#!/usr/bin/env python3
"""bench/camera.py - what the camera's logic costs, and how long a photo takes over a slow line.

Instructions are those of the logic itself on this machine's processor, counted by callgrind, without
the C library's copying; per KiB they are the difference between a large and a small photo. The line
is vcam's own (--link-rate), the relay is the real one.

  bench/camera.py             prints both
  bench/camera.py --write     and puts them into docs/measurements.md, under "Camera"
"""
import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARKS = ("<!-- camera:begin -->", "<!-- camera:end -->")
SMALL, LARGE = 64, 320  # KiB
DEEDS = {
    "send": "streamed out as multipart, from RAM",
    "keep": "written to the queue in flash",
    "read": "verified and read back from it",
    "check": "JPEG looked through for its markers",
    "digest": "SHA-256",
}
LINK_BYTES_PER_S = 250000  # 2 Mbit/s
SIZES = (24, 96, 384)      # KiB
PHOTOS = 8
ROUNDS = 3
SLACK = 0.15


def own_cost(path):
    """Instructions in functions of ours, without what they call."""
    total, ours, names, skip = 0, False, {}, False
    for line in open(path, encoding="utf-8", errors="replace"):
        named = re.match(r"(fl|fi|fe|cfi|cfl)=\((\d+)\)(?: (.*))?$", line)
        if named and named.group(3):
            names[named.group(2)] = named.group(3)
        if named and named.group(1) in ("fl", "fi", "fe"):
            name = names.get(named.group(2), "")
            ours = name.startswith((f"{ROOT}/camera/", f"{ROOT}/lib/"))
        elif line.startswith("calls="):
            skip = True
        elif re.match(r"[+\-*\d]", line):
            total += int(line.split()[1]) if ours and not skip else 0
            skip = False
    return total


def count(program, deed, kib, folder):
    out = folder / "callgrind.out"
    subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet", program,
                    deed, str(kib)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return own_cost(out)


def instructions(build, folder):
    rows, costs = [], {}
    for deed, words in DEEDS.items():
        small, large = (count(build / "bench/camera_count", deed, kib, folder) for kib in (SMALL, LARGE))
        costs[deed] = (large - small) / (LARGE - SMALL)
        per = costs[deed] - (costs["keep"] if deed == "read" else 0)  # it writes before it reads
        rows.append((words, f"{per:,.0f}"))
        print(f"   {words:<44} {per:>10,.0f} instructions a KiB", flush=True)
    return rows


def start_relay(build, folder):
    relay = subprocess.Popen([build / "bin/camrelayd", "--host", "127.0.0.1", "--port", "0", "--dir",
                              folder / "relay", "--sent-file", folder / "sent.json"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in relay.stdout:
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        if found:
            return relay, int(found.group(1))
    raise SystemExit("camera.py: the relay did not start")


def one_round(build, folder, port, kib, number):
    """What vcam says of PHOTOS photos of that size."""
    frames, report = folder / f"frames-{kib}", folder / "report.json"
    if not frames.exists():
        subprocess.run([build / "bench/make_photos", frames, str(PHOTOS), str(kib * 1024)], check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run([build / "bin/vcam", "--to", f"http://127.0.0.1:{port}", "--frames", frames, "--every",
                    str(kib * 1024 * 2000 // LINK_BYTES_PER_S), "--state", folder / f"state-{kib}-{number}",
                    "--link-rate", str(LINK_BYTES_PER_S), "--quiet", "--report", report], check=True)
    said = json.loads(report.read_text())
    if said["sent"] != PHOTOS or said["retries"]:
        raise SystemExit(f"camera.py: not every photo went through at once: {said}")
    return said


def delays(build, folder):
    rows = []
    relay, port = start_relay(build, folder)
    try:
        for kib in SIZES:
            rounds = [one_round(build, folder, port, kib, number) for number in range(ROUNDS)]
            sizes = [path.stat().st_size for path in (folder / f"frames-{kib}").glob("*.jpg")]
            best = 1000 * sum(sizes) / len(sizes) / LINK_BYTES_PER_S
            mean = statistics.median(said["ack_ms_mean"] for said in rounds)
            most = max(said["ack_ms_most"] for said in rounds)
            verdict = "met" if mean <= best * (1 + SLACK) else "**NOT met**"
            rows.append((f"{kib} KiB", f"{mean:,} ms", f"{most:,} ms", f"{best:,.0f} ms",
                         f"{mean / best:.2f}", verdict))
            print(f"   {kib:>4} KiB {mean:>6} ms, of {best:,.0f} at least: {mean / best:.2f} {verdict}",
                  flush=True)
    finally:
        relay.terminate()
        relay.wait(30)
    return rows


def write(costs, waits):
    page = ROOT / "docs/measurements.md"
    text = page.read_text()
    if MARKS[0] not in text:
        text += f"\n## Camera\n\n{MARKS[0]}\n{MARKS[1]}\n"
    lines = [MARKS[0], f"`bench/camera.py`, {time.strftime('%Y-%m-%d')}, on a machine with other work on it.", "",
             "Instructions of the logic for each KiB of a photo, x86-64, -O2, counted by callgrind; copying by "
             "the C library not included. They do not change with the machine's load.", "",
             "| a KiB of a photo is | instructions |", "|---|---|"]
    lines += [f"| {words} | {cost} |" for words, cost in costs]
    lines += ["", f"From the trigger to the relay's answer over a line of 2 Mbit/s (vcam's own, "
              f"{PHOTOS} photos of each size, one at a time; the mean of the middle one of {ROUNDS} "
              f"rounds, and the longest of all); wanted: within {SLACK:.0%} of bytes / bandwidth.",
              "", "| photo | mean | most | bytes / bandwidth | ratio | |", "|---|---|---|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in waits]
    before, rest = text.split(MARKS[0], 1)
    page.write_text(before + "\n".join(lines) + "\n" + MARKS[1] + rest.split(MARKS[1], 1)[1])
    print(f"written: {page.relative_to(ROOT)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/measurements.md")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        print("camera.py: SKIPPED, no valgrind")
        return 0
    with tempfile.TemporaryDirectory(prefix="camrelay-bench-") as name:
        folder = Path(name)
        print("\n== Camera: instructions for each KiB of a photo")
        costs = instructions(options.build.resolve(), folder)
        print("\n== Camera: from trigger to answer at 2 Mbit/s")
        waits = delays(options.build.resolve(), folder)
    if options.write:
        write(costs, waits)
    return 0 if all("NOT" not in row[-1] for row in waits) else 1


if __name__ == "__main__":
    sys.exit(main())
