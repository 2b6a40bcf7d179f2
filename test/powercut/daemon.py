"""One camrelayd of our own, on a port the system picks, ended by its process number."""
import os
import re
import signal
import subprocess
import time

LISTENING = re.compile(r"listening .*\bport=(\d+)")


class Daemon:
    def __init__(self, program, root, work, options=(), environment=None):
        """`work`: a folder for its log and as its working directory."""
        os.makedirs(work, exist_ok=True)
        self.log_path = os.path.join(work, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [program, "--dir", root, "--host", "127.0.0.1", "--port", "0", "--sent-file", "",
                 *options],
                cwd=work, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(environment or {})})

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def port(self, timeout_s=30):
        """Waits until it listens."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            found = LISTENING.search(self.log())
            if found:
                return int(found.group(1))
            if self.process.poll() is not None:
                raise RuntimeError(f"camrelayd ended with {self.process.returncode}:\n{self.log()}")
            time.sleep(0.002)
        raise RuntimeError(f"camrelayd does not listen:\n{self.log()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self, timeout_s=30):
        """A clean end; answers the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
