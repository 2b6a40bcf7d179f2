"""The programs that are measured, each started on a port of the system's choice and ended by its
own number. Linux only: what they use is read from /proc."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
START_S = 15


class Failed(Exception):
    pass


def tree(pid):
    """A process and all its descendants."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                pass
    return found


def cpu_s(pid):
    """Seconds of processor time a process and its descendants have used."""
    ticks = 0
    for one in tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_kib(pid, field):
    total = 0
    for one in tree(pid):
        try:
            status = Path(f"/proc/{one}/status").read_text()
        except OSError:
            continue
        found = re.search(rf"^{field}:\s+(\d+) kB", status, re.M)
        total += int(found.group(1)) if found else 0
    return total


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Server:
    """One running program over a fresh folder, which is removed with everything in it at the end."""

    def __init__(self, name, make_command, ready, ground, env=None, folder=None):
        self.name = name
        self.home = Path(tempfile.mkdtemp(prefix="camrelay-bench-", dir=ground))
        self.folder = folder or self.home / "photos"
        self.keeps_folder = folder is not None
        self.folder.mkdir(exist_ok=True)
        self.log = self.home / "log"
        self.started = time.monotonic()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                make_command(self), stdout=log, stderr=subprocess.STDOUT, cwd=self.home,
                env={**os.environ, **(env or {})})
        self.pid = self.process.pid
        try:
            self.port = self.wait_for_port(ready)
        except Failed:
            self.stop()
            raise
        self.start_s = time.monotonic() - self.started

    def wait_for_port(self, ready):
        while time.monotonic() - self.started < START_S:
            found = re.search(ready, self.log.read_text(errors="replace"))
            if found:
                return int(found.group(1))
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise Failed(f"{self.name} did not start: {self.log.read_text(errors='replace')[-800:]}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Peers:
    """How each program is started. `build` is the folder of a release build."""

    def __init__(self, build):
        self.bench = build / "bench"
        self.daemon = build / "bin" / "camrelayd"

    def relay(self, ground, *options, env=None, prefix=(), folder=None):
        def command(server):
            return [*prefix, self.daemon, "--host", "127.0.0.1", "--port", "0", "--dir",
                    server.folder, "--connections-per-ip", "0", "--sent-file",
                    server.home / "sent_files.json", *options]
        return Server("camrelayd", command, r"127\.0\.0\.1:(\d+)", ground, env, folder)

    def bare(self, ground, *options):
        def command(server):
            return [self.bench / "bare_epoll", "0", server.folder, *options]
        return Server("bare epoll", command, r"ready (\d+)", ground)

    def flask(self, ground):
        def command(server):
            return [python(), HERE / "flask_receiver.py", server.folder]
        return Server("Flask", command, r"ready (\d+)", ground)

    def gunicorn(self, ground):
        def command(server):
            return [python(), "-m", "gunicorn", "--bind", "127.0.0.1:0", "--worker-class",
                    "gthread", "--workers", str(2 * os.cpu_count() + 1), "--threads", "8",
                    "--keep-alive", "30", "--chdir", HERE, "--env",
                    f"RECEIVER_FOLDER={server.folder}", "flask_receiver:app"]
        return Server("gunicorn", command, r"Listening at: http://127\.0\.0\.1:(\d+)", ground)


def python():
    """Debian's interpreter, which has Debian's Flask, also where another one comes first."""
    for candidate in ("/usr/bin/python3", sys.executable):
        if subprocess.run([candidate, "-c", "import flask, gunicorn, requests"],
                          stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return candidate
    raise Failed("python3-flask, gunicorn and python3-requests are missing; see tools/need bench")
