"""Goal: programs that are not ours play what the streamer sends, and a microphone of the host is heard.

Method: the real vaudio; ffmpeg reads the endless WAV, a recording, bare L16, and RTP by its SDP, and
what it writes is measured. ALSA's "file" plugin is the microphone: a pipe this test plays into.
"""
import math
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import wave

from test_audio import PROGRAM, RATE, Vaudio, little, pitch

TONE = 700
FFMPEG = shutil.which("ffmpeg")
PROTOCOLS = "file,http,tcp,udp,rtp"
SOON = ("-fflags", "nobuffer", "-probesize", "4096", "-analyzeduration", "1000")  # else it waits 7 s


def even_port():
    """A free UDP port for RTP with the one above it, which ffmpeg takes for RTCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as a, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as b:
            a.bind(("127.0.0.1", 0))
            port = a.getsockname()[1]
            if port % 2:
                continue
            try:
                b.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class Ffmpeg(unittest.TestCase):
    def play(self, *source, seconds=None):
        """What ffmpeg makes of it: rate and samples."""
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out.wav")
            length = ["-t", str(seconds)] if seconds else []
            subprocess.run([FFMPEG, "-v", "error", "-nostdin", *source, *length,
                            "-c:a", "pcm_s16le", out], check=True, timeout=60)
            with wave.open(out) as w:
                self.assertEqual((w.getnchannels(), w.getsampwidth()), (1, 2))
                return w.getframerate(), little(w.readframes(w.getnframes()))

    def right(self, rate, samples, seconds):
        self.assertEqual(rate, RATE)
        self.assertLess(abs(len(samples) - RATE * seconds), RATE // 10)
        self.assertLess(abs(pitch(samples[RATE // 4:]) / TONE - 1), 50e-6)

    def test_the_endless_wav(self):
        with Vaudio("--tone", str(TONE)) as v:
            for end in ("", "?len=2g"):
                url = f"http://127.0.0.1:{v.port}/stream.wav{end}"
                # Told of a length, ffmpeg would look for its end: by more connections than are served.
                self.right(*self.play(*SOON, "-seekable", "0", "-i", url, seconds=2), 2)

    def test_a_recording_to_its_end(self):
        with Vaudio("--tone", str(TONE)) as v:
            rate, samples = self.play("-i", f"http://127.0.0.1:{v.port}/rec.wav?s=2")
            self.assertEqual(len(samples), 2 * RATE)
            self.right(rate, samples, 2)

    def test_bare_l16(self):
        with Vaudio("--tone", str(TONE)) as v:
            url = f"http://127.0.0.1:{v.port}/audio.l16"
            self.right(*self.play("-f", "s16be", "-ar", str(RATE), "-ac", "1", "-i", url, seconds=2),
                       2)

    def test_rtp_by_its_description(self):
        with Vaudio("--tone", str(TONE), "--rtp", f"127.0.0.1:{even_port()}") as v:
            url = f"http://127.0.0.1:{v.port}/audio.sdp"
            self.right(*self.play("-protocol_whitelist", PROTOCOLS, "-i", url, seconds=2), 2)


class Microphone(unittest.TestCase):
    def play_into(self, pipe, stop):
        sent, start = 0, time.monotonic()
        while not stop.wait(0.01):
            due = int((time.monotonic() - start) * 100) * (RATE // 100)  # the plugin wants whole blocks
            os.write(pipe, b"".join(struct.pack("<h", int(12000 * math.sin(
                2 * math.pi * TONE * i / RATE))) for i in range(sent, due)))
            sent = due

    def test_what_alsa_hears_is_served(self):
        with tempfile.TemporaryDirectory() as folder:
            path, conf = os.path.join(folder, "pipe"), os.path.join(folder, "asound.conf")
            os.mkfifo(path)
            pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # does not wait for a reader
            with open(conf, "w", encoding="ascii") as file:
                file.write('pcm.null { type null }\npcm.pipe { type file slave.pcm "null" '
                           f'file "/dev/null" infile "{path}" format "raw" }}\n')
            os.environ["ALSA_CONFIG_PATH"] = conf
            stop = threading.Event()
            player = threading.Thread(target=self.play_into, args=(pipe, stop))
            try:
                player.start()
                with Vaudio("--alsa", "pipe") as v:
                    samples = little(v.ask("/rec.wav?s=2").read()[44:])
            finally:
                stop.set()
                player.join()
                os.close(pipe)
                del os.environ["ALSA_CONFIG_PATH"]
            self.assertEqual(len(samples), 2 * RATE)
            self.assertLess(abs(pitch(samples[RATE // 4:]) / TONE - 1), 50e-6)

    def test_no_such_microphone_is_said_and_ends_the_program(self):
        done = subprocess.run([PROGRAM, "--port", "0", "--alsa", "no such thing"], timeout=30,
                              stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot hear no such thing", done.stderr)


if __name__ == "__main__":
    has_alsa = b"libasound" in subprocess.run(["ldd", PROGRAM], stdout=subprocess.PIPE,
                                              check=True).stdout
    if not FFMPEG or not has_alsa:
        print("SKIPPED:", "no ffmpeg" if not FFMPEG else "vaudio was built without ALSA")
        sys.exit(77)
    unittest.main()
