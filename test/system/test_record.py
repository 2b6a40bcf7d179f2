"""Goal: what an audio streamer sends is in recordings that survive kill -9, sound right, and reach the
next relay whole; a relay that was not told to takes none.

Method: the real vaudio with a tone as the streamer, the real camrelayd with short periods.
"""
import io
import json
import os
import re
import struct
import time
import unittest
import wave

from support import SANITIZED, RelayCase, wait_until
from test_audio import RATE, Vaudio, little, pitch

ACCEPT = ("--accept", "image/jpeg,audio/wav,audio/flac", "--immediate")


def wav(samples=800):
    out = io.BytesIO()
    with wave.open(out, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(struct.pack(f"<{samples}h", *(i % 100 for i in range(samples))))
    return out.getvalue()


def read_wav(path):
    with wave.open(path) as w:
        frames = w.readframes(w.getnframes())
        assert (w.getframerate(), w.getnchannels(), w.getsampwidth()) == (RATE, 1, 2)
        assert len(frames) == 2 * w.getnframes()  # the header is true
        assert os.path.getsize(path) == 44 + len(frames)
        return little(frames)


def flac_samples(path):
    """What STREAMINFO says."""
    with open(path, "rb") as file:
        head = file.read(42)
    assert head[:8] == b"fLaC\x00\x00\x00\x22" or head[:4] == b"fLaC"
    return int.from_bytes(head[21:26], "big") & 0xFFFFFFFFF


def memory_kib(relay):
    with open(f"/proc/{relay.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1))


class Recording(RelayCase):
    def near(self, hz, expected):
        self.assertLess(abs(hz / expected - 1), 50e-6, hz)

    def recorder(self, name, streamer, *options):
        return self.relay("--audio", f"mic=http://127.0.0.1:{streamer.port}", *options, name=name)

    def source(self, relay):
        return relay.get("/api/status")["audio"][0]

    def recorded(self, relay, seconds):
        wait_until(lambda: self.source(relay)["recorded_s"] >= seconds, f"{seconds} s recorded",
                   lambda: self.source(relay))

    def names(self, relay):
        return sorted(n for n in relay.files() if n.endswith((".wav", ".flac")))

    def test_recordings_survive_kill_9_and_reach_the_next_relay(self):
        remote = self.relay(*ACCEPT, name="remote")
        with Vaudio("--tone", "440") as v:
            common = ("--remote", remote.url, "--immediate", "--audio-period")
            wavs = self.recorder("wavs", v, *common, "4", "--audio-format", "wav",
                                 "--audio-loud", "30")
            flacs = self.recorder("flacs", v, *common, "3600")
            self.recorded(wavs, 6)
            wait_until(lambda: 1 < time.time() % 4 < 2.5, "the middle of a recording")
            wavs.kill()
            flacs.kill()
            begun = [n for n in wavs.inside("audio") if n.endswith(".open")]
            self.assertEqual(len(begun), 1)
            self.assertEqual(len(flacs.inside("audio")), 1)
            before = self.names(wavs)
            self.assertGreaterEqual(len(before), 1)
            self.assertEqual(self.names(flacs), [])
            wavs.start()
            flacs.start()
            wavs.wait_for("a recording was repaired name=" + begun[0][:-5])
            flacs.wait_for("a recording was repaired")
            wait_until(lambda: len(self.names(flacs)) == 1, "the repaired FLAC")
            self.recorded(wavs, 3)
            if not SANITIZED:
                self.assertLess(max(memory_kib(wavs), memory_kib(flacs)), 8000)
            wavs.stop()
            flacs.stop()
        wavs.start()
        flacs.start()  # what stop finished is handed in now, though nobody listens any more
        wait_until(lambda: len(self.names(flacs)) == 2 and not wavs.inside("audio"), "all of it")
        for relay in (wavs, flacs):
            relay.wait_sent(len(self.names(relay)))

        lengths = []
        for name in self.names(wavs):
            samples = read_wav(os.path.join(wavs.photos, name))
            lengths.append(len(samples) / RATE)
            if len(samples) > RATE:
                self.near(pitch(samples[RATE // 2:]), 440)
        self.assertGreater(sum(lengths), 9)
        self.assertLess(max(lengths), 4.2)
        for name in self.names(flacs):
            self.assertGreater(flac_samples(os.path.join(flacs.photos, name)), RATE)
        # Same bytes at the next relay; two sources of one name each got a name of their own there.
        sent = sorted([*wavs.files().values(), *flacs.files().values()])
        self.assertEqual(sorted(remote.files().values()), sent)
        for entry in remote.list():
            self.assertEqual(entry["camera"], "mic")
            self.assertIsNotNone(entry["captured_at"])

    def test_a_streamer_that_goes_away_leaves_silence_and_is_told_of(self):
        with Vaudio("--tone", "500") as v:
            port = v.port
            relay = self.recorder("relay", v, "--audio-format", "wav", "--audio-loud", "20")
            self.recorded(relay, 2)
            self.assertEqual(relay.get("/health")["status"], "ok")
        wait_until(lambda: not self.source(relay)["streaming"], "that it is gone")
        health = relay.get("/health")
        self.assertEqual(health["status"], "degraded")
        self.assertIn("audio streamer", " ".join(health["reasons"]))
        with Vaudio("--tone", "500", "--port", str(port)):
            wait_until(lambda: self.source(relay)["streaming"], "that it is back")
            recorded = self.source(relay)["recorded_s"]
            self.recorded(relay, recorded + 3)
            status = relay.get("/api/status")
            page = relay.request("GET", "/?lang=en")[2].decode()
            self.assertEqual(relay.metric("camrelay_audio_streaming"), 1)
        self.assertGreaterEqual(status["audio"][0]["lost_s"], 1)
        self.assertGreaterEqual(relay.metric("camrelay_audio_events_total"), 1)
        event = status["audio_events"][-1]
        self.assertEqual((event["name"], event["db_below_full_scale"] < 15), ("mic", True))
        self.assertGreater(event["lasted_ms"], 1500)
        self.assertIn("Loud moments", page)
        relay.restart()
        wait_until(lambda: len(self.names(relay)) >= 1, "the recording")
        samples = read_wav(os.path.join(relay.photos, self.names(relay)[0]))
        quiet = [i for i in range(0, len(samples) - 1600, 1600) if not any(samples[i:i + 1600])]
        self.assertGreater(len(quiet), 5)  # tenths of a second
        self.assertGreater(max(samples[:1600 * 10]), 5000)
        self.near(pitch(samples[-2 * RATE:]), 500)

    def test_only_who_accepts_recordings_gets_them(self):
        sound = wav()
        relay = self.relay(name="photos")
        for kind in ("audio/wav", "application/octet-stream", "image/jpeg"):
            status, answer = relay.upload(sound, Content_Type=kind)
            self.assertEqual((status, answer["code"]), (415, "not_accepted"))
        status, answer = relay.upload(sound, name="a.wav")
        self.assertEqual((status, answer["code"]), (415, "not_accepted"))
        relay.stop()
        relay = self.relay(*ACCEPT, "--max-audio", str(len(sound)), "--max-upload", "1024",
                           "--adopt-still", "0.1", name="sound")
        status, answer = relay.upload(sound, name="a.wav")
        self.assertEqual((status, answer["success"]), (200, True))
        self.assertTrue(answer["filename"].endswith(".wav"))
        status, headers, body = relay.request("GET", "/photos/" + answer["filename"])
        self.assertEqual((status, headers["Content-Type"], body), (200, "audio/wav", sound))
        self.assertEqual(relay.request("GET", "/thumbs/" + answer["filename"])[0], 404)
        page = relay.request("GET", "/")[2].decode()
        self.assertIn(f'src="/photos/{answer["filename"]}"', page)
        self.assertIn("<audio controls", page)
        status, answer = relay.upload(wav(801), name="a.wav")
        self.assertEqual((status, answer["code"]), (413, "sound_too_large"))
        status, answer = relay.upload(sound[:-1], name="a.wav")
        self.assertEqual((status, answer["code"]), (415, "sound_cut"))
        with open(os.path.join(relay.photos, "copied.wav"), "wb") as file:
            file.write(wav(700))
        wait_until(lambda: any(e["filename"] == "copied.wav" for e in relay.list()), "adopted")
        self.assertEqual(json.loads(relay.request("GET", "/api/photos?limit=1")[2])["files"][0]
                         ["type"], "audio/wav")


if __name__ == "__main__":
    unittest.main()
