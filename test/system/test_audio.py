"""Goal: what goes into the modelled ADC comes out of every address at the right pitch, and no
listener, however rude, harms another.

Method: the real vaudio on a port the kernel picks, plain sockets and urllib against it.
"""
import http.client
import io
import json
import math
import os
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import wave

PROGRAM = os.path.join(os.environ["CAMRELAY_BUILD"], "bin", "vaudio")
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
RATE = 16000


class Vaudio:
    def __init__(self, *options):
        self.process = subprocess.Popen([PROGRAM, "--port", "0", *options],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(line.rstrip("/\n").rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()

    def ask(self, path, headers=None, method="GET", body=None):
        """Status, headers, and the connection to read on from."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body=body, headers=headers or {})
        return connection.getresponse()

    def stats(self):
        return json.loads(self.ask("/stats").read())

    def socket(self, data):
        s = socket.create_connection(("127.0.0.1", self.port), 30)
        s.sendall(data)
        return s

    def websocket(self, codec="pcm", extra=""):
        s = self.socket((f"GET /ws?codec={codec} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                         "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                         f"Sec-WebSocket-Key: {KEY}\r\n{extra}\r\n").encode())
        file = s.makefile("rb")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = file.read(1)
            if not byte:
                break
            head += byte
        return s, file, head.decode()


def message(file):
    """One frame of the server: opcode and payload."""
    first = file.read(2)
    if len(first) < 2:
        return None, b""
    length = first[1] & 127
    if length == 126:
        length = struct.unpack(">H", file.read(2))[0]
    return first[0] & 15, file.read(length)


def masked(op, payload=b"", fin=0x80):
    mask = b"\x11\x22\x33\x44"
    body = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return bytes([fin | op, 0x80 | len(payload)]) + mask + body


def little(data):
    return struct.unpack(f"<{len(data) // 2}h", data[:len(data) // 2 * 2])


def pitch(samples):
    """From the first to the last upward crossing of zero."""
    x = [i - samples[i] / (samples[i + 1] - samples[i])
         for i in range(len(samples) - 1) if samples[i] < 0 <= samples[i + 1]]
    return RATE * (len(x) - 1) / (x[-1] - x[0])


def write_wav(path, hz, rate, seconds):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(b"".join(struct.pack("<h", int(16000 * math.sin(2 * math.pi * hz * i / rate)))
                               for i in range(rate * seconds)))


class Listening(unittest.TestCase):
    def near(self, hz, expected):
        self.assertLess(abs(hz / expected - 1), 50e-6, hz)

    def test_a_wav_file_is_recorded_at_the_right_pitch(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "speech.wav")
            write_wav(path, 1000, 44100, 2)
            with Vaudio("--wav", path) as v:
                data = v.ask("/rec.wav?s=5").read()
        self.assertEqual(len(data), 44 + 5 * 2 * RATE)
        with wave.open(io.BytesIO(data)) as w:
            self.assertEqual((w.getframerate(), w.getnchannels(), w.getsampwidth(), w.getnframes()),
                             (RATE, 1, 2, 5 * RATE))
            samples = little(w.readframes(5 * RATE))
        self.assertEqual(set(samples[:300]), {0})  # no thump
        self.near(pitch(samples[8000:]), 1000)
        self.assertGreater(max(samples), 12000)

    def test_the_rate_is_measured_and_a_wrong_one_refused(self):
        with Vaudio("--adc-rate", "48000") as v:
            end = time.monotonic() + 60
            while v.stats()["adc_rate"] == "measuring" and time.monotonic() < end:
                time.sleep(0.5)
            self.assertEqual(v.stats()["adc_rate"], "wrong")
            answer = v.ask("/rec.wav?s=1")
            self.assertEqual(answer.status, 503)
            self.assertIn("rate", json.loads(answer.read())["error"])

    def test_the_right_rate_is_found_right(self):
        with Vaudio() as v:
            end = time.monotonic() + 60
            while v.stats()["adc_rate"] != "right" and time.monotonic() < end:
                time.sleep(0.5)
            self.assertEqual(v.stats()["adc_rate"], "right")

    def test_the_endless_wav_answers_as_safari_asks(self):
        with Vaudio("--tone", "500") as v:
            probe = v.ask("/stream.wav", {"Range": "bytes=0-1"})
            self.assertEqual((probe.status, probe.read()), (206, b"RI"))
            self.assertEqual(probe.headers["Content-Range"], "bytes 0-1/4294967295")
            self.assertEqual(probe.headers["Accept-Ranges"], "bytes")
            live = v.ask("/stream.wav", {"Range": "bytes=0-"})
            self.assertEqual(live.status, 206)
            head = live.read(44)
            self.assertEqual(head.hex(), "52494646ffffffff57415645666d742010000000010001008"
                                         "03e0000007d00000200100064617461ffffffff")
            self.near(pitch(little(live.read(2 * RATE * 3))[8000:]), 500)
            part = v.ask("/stream.wav", {"Range": "bytes=40-99"})
            self.assertEqual((part.headers["Content-Length"], len(part.read())), ("60", 60))

    def test_l16_is_big_endian(self):
        with Vaudio("--tone", "500") as v:
            answer = v.ask("/audio.l16")
            self.assertEqual(answer.headers["Content-Type"], "audio/L16;rate=16000;channels=1")
            data = answer.read(2 * RATE * 2)
            self.near(pitch(struct.unpack(f">{2 * RATE}h", data)[8000:]), 500)

    def test_rtp_packets_follow_each_other(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            s.settimeout(30)
            port = s.getsockname()[1]
            with Vaudio("--tone", "500", "--rtp", f"127.0.0.1:{port}") as v:
                packets = [s.recv(2000) for _ in range(150)]
                sdp = v.ask("/audio.sdp").read().decode()
        self.assertIn(f"m=audio {port} RTP/AVP 96\r\na=rtpmap:96 L16/16000/1\r\n", sdp)
        heads = [struct.unpack(">BBHII", p[:12]) for p in packets]
        self.assertEqual({(h[0], h[1] & 127, h[4]) for h in heads}, {(0x80, 96, heads[0][4])})
        self.assertEqual([h[2] for h in heads], [(heads[0][2] + i) & 0xFFFF for i in range(150)])
        self.assertEqual([(h[3] - heads[0][3]) & 0xFFFFFFFF for h in heads],
                         [320 * i for i in range(150)])
        self.assertEqual([h[1] >> 7 for h in heads[2:]], [0] * 148)
        sound = b"".join(p[12:] for p in packets[25:])
        self.near(pitch(struct.unpack(f">{len(sound) // 2}h", sound)), 500)


class Sockets(unittest.TestCase):
    def test_frames_count_on_without_a_hole_in_every_codec(self):
        with Vaudio() as v:
            for codec, size in (("pcm", 1024), ("ulaw", 512), ("adpcm", 260)):
                s, file, head = v.websocket(codec)
                self.assertIn("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head)
                self.assertEqual(json.loads(message(file)[1])["codec"], codec)
                frames = [message(file) for _ in range(20)]
                self.assertEqual({(op, len(p)) for op, p in frames}, {(2, 8 + size)})
                heads = [struct.unpack("<BBHI", p[:8]) for _, p in frames]
                self.assertEqual([h[2] for h in heads], list(range(20)))
                self.assertEqual([h[3] - heads[1][3] for h in heads[1:]],
                                 [512 * i for i in range(19)])
                self.assertEqual([h[0] & 16 for h in heads[1:]], [0] * 19)
                file.close()
                s.close()

    def test_pings_are_answered_and_orders_obeyed(self):
        with Vaudio() as v:
            s, file, _ = v.websocket()
            s.sendall(masked(9, b"are you there"))
            self.assertIn((10, b"are you there"), [message(file) for _ in range(50)])
            s.sendall(masked(1, b'{"op":"gain",', 0) + masked(9) + masked(0, b'"db":6}'))
            self.assertIn((10, b""), [message(file) for _ in range(50)])
            self.assertEqual(v.stats()["gain_db"], 6)
            s.sendall(masked(8, b"\x03\xe8"))
            seen = [message(file)]
            while seen[-1][0] is not None:
                seen.append(message(file))
            self.assertEqual(seen[-2], (8, b"\x03\xe8"))
            file.close()
            s.close()

    def test_a_lost_frame_of_the_adc_is_marked_and_time_goes_on(self):
        with Vaudio("--overflow", "300") as v:
            s, file, _ = v.websocket()
            message(file)
            frames = [struct.unpack("<BBHI", message(file)[1][:8]) for _ in range(90)]
            self.assertEqual([f[3] - frames[1][3] for f in frames[1:]],
                             [512 * i for i in range(89)])
            self.assertGreater(sum(f[0] >> 4 & 1 for f in frames), 5)
            self.assertGreater(v.stats()["adc_lost_samples"], 400)
            file.close()
            s.close()

    def test_a_silent_adc_is_started_again(self):
        with Vaudio("--stop-after", "1") as v:
            samples = little(v.ask("/rec.wav?s=3").read()[44:])
            self.assertEqual(v.stats()["adc_restarts"], 1)
            self.assertGreater(max(samples[2 * RATE:]), 10000)


class Rights(unittest.TestCase):
    def test_a_token_guards_the_sound_but_not_the_page(self):
        with Vaudio("--token", "sesame") as v:
            self.assertEqual(v.ask("/").status, 200)
            for path in ("/stream.wav", "/rec.wav", "/audio.l16", "/stats", "/audio.sdp",
                         "/stats?t=sesam", "/stats?t=sesamesesame", "/stats?t="):
                self.assertEqual(v.ask(path).status, 401, path)
            self.assertEqual(v.ask("/config", method="POST", body='{"op":"gain","db":1}').status,
                             401)
            s, file, head = v.websocket()
            self.assertIn(" 401 ", head)
            file.close()
            s.close()
            self.assertEqual(v.ask("/stats?t=sesame").status, 200)
            self.assertEqual(v.ask("/stats", {"Authorization": "Bearer sesame"}).status, 200)

    def test_a_page_of_another_site_may_not_listen(self):
        with Vaudio() as v:
            for origin in ("http://evil.example", "https://x.evil", "null", "http://x:81", "file://"):
                s, file, head = v.websocket(extra=f"Origin: {origin}\r\n")
                self.assertIn(" 403 ", head, origin)
                file.close()
                s.close()
            s, file, head = v.websocket(extra="Origin: http://x\r\n")
            self.assertIn(" 101 ", head)
            file.close()
            s.close()

    def test_nothing_is_heard_while_nobody_listens(self):
        with Vaudio() as v:
            time.sleep(0.5)
            stats = v.stats()
            self.assertEqual((stats["samples"], stats["listeners"]), (0, 0))
            self.assertGreater(stats["adc_readings"], 0)
            v.ask("/rec.wav?s=1").read()
            end = time.monotonic() + 30  # the server sees a moment later that we are gone
            while (before := v.stats())["listeners"] > 0 and time.monotonic() < end:
                time.sleep(0.01)
            self.assertEqual(before["listeners"], 0)
            time.sleep(0.3)
            self.assertEqual(v.stats()["samples"], before["samples"])


class Hostile(unittest.TestCase):
    def answer(self, v, data):
        with v.socket(data) as s:
            s.settimeout(30)
            out = b""
            while piece := s.recv(4096):
                out += piece
        return out

    def test_bad_requests_are_refused_with_the_right_status(self):
        rows = {
            b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n": 404,
            b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n": 405,
            b"GET /config HTTP/1.1\r\nHost: x\r\n\r\n": 405,
            b"GET / HTTP/1.1\r\n\r\n": 400,
            b"GET / HTTP/2.0\r\nHost: x\r\n\r\n": 505,
            b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n": 400,
            b"nonsense\r\n\r\n": 400,
            b"\r\n\r\n\r\n\r\n": 400,
            b"GET / HTTP/1.1\r\nHost: x\r\nA" + b"b" * 2000: 431,
            b"GET /rec.wav?s=0 HTTP/1.1\r\nHost: x\r\n\r\n": 400,
            b"GET /rec.wav?s=601 HTTP/1.1\r\nHost: x\r\n\r\n": 400,
            b"GET /rec.wav?s=-1 HTTP/1.1\r\nHost: x\r\n\r\n": 400,
            b"GET /ws?codec=mp3 HTTP/1.1\r\nHost: x\r\n\r\n": 400,
            b"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n": 426,
            b"POST /config HTTP/1.1\r\nHost: x\r\n\r\n": 411,
            b"POST /config HTTP/1.1\r\nHost: x\r\nContent-Length: 257\r\n\r\n": 413,
            b"POST /config HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}": 400,
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello": 413,
            b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n": 400,
        }
        with Vaudio() as v:
            for request, status in rows.items():
                got = self.answer(v, request)
                self.assertTrue(got.startswith(b"HTTP/1.1 %d " % status), (request[:60], got[:40]))

    def test_wrong_frames_end_a_websocket_with_their_reason(self):
        rows = {
            b"\x81\x05hello": 1002,                           # not masked
            masked(3): 1002,                                  # no such opcode
            masked(0, b"x"): 1002,                            # nothing to continue
            masked(9, b"", 0): 1002,                          # a ping in pieces
            b"\xf1\x80abcd": 1002,                            # reserved bits
            b"\x81\xfe\x00\x81abcd": 1009,                    # 129 bytes
            b"\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00abcd": 1009,
            b"\x81\xfe\x00\x05abcd": 1002,                    # a length written too long
        }
        with Vaudio() as v:
            for data, code in rows.items():
                s, file, _ = v.websocket()
                s.sendall(data)
                op, payload = message(file)
                while op not in (8, None):
                    op, payload = message(file)
                self.assertEqual((op, payload[:2]), (8, struct.pack(">H", code)), data)
                file.close()
                s.close()

    def test_a_listener_that_takes_nothing_is_dropped_and_hurts_nobody(self):
        with Vaudio() as v:
            lazy = socket.socket()
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            lazy.connect(("127.0.0.1", v.port))
            lazy.sendall(b"GET /stream.wav HTTP/1.1\r\nHost: x\r\n\r\n")
            s, file, _ = v.websocket()
            message(file)
            end = time.monotonic() + 120
            last = None
            while v.stats()["stalled"] == 0 and time.monotonic() < end:
                for _ in range(30):
                    op, payload = message(file)
                    if op == 9:
                        s.sendall(masked(10))
                        continue
                    head = struct.unpack("<BBHI", payload[:8])
                    if last is not None:
                        self.assertEqual(head[3], last[3] + 512)
                    last = head
            self.assertEqual(v.stats()["stalled"], 1)
            lazy.close()
            file.close()
            s.close()

    def test_eight_listen_at_once_and_the_ninth_is_told(self):
        def listen(v, lost):
            s, file, _ = v.websocket()
            message(file)
            heads = [struct.unpack("<BBHI", message(file)[1][:8]) for _ in range(60)]
            lost.append(sum(b[3] - a[3] - 512 for a, b in zip(heads[1:], heads[2:])))
            ready.wait(30)
            done.wait(30)
            file.close()
            s.close()

        ready, done, lost = threading.Barrier(9), threading.Event(), []
        with Vaudio() as v:
            threads = [threading.Thread(target=listen, args=(v, lost)) for _ in range(8)]
            for t in threads:
                t.start()
            ready.wait(30)
            self.assertEqual(v.stats()["listeners"], 8)
            answer = v.ask("/stream.wav")
            self.assertEqual((answer.status, answer.headers["Retry-After"]), (503, "5"))
            done.set()
            for t in threads:
                t.join()
        self.assertEqual(lost, [0] * 8)


if __name__ == "__main__":
    unittest.main()
