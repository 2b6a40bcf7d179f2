"""camrelay and camrelayd as their user meets them: real programs, real files, the loopback.

Goal: the command line says the truth with its words and its exit status, and the settings of the
daemon are judged before it starts.
"""
import ctypes
import hashlib
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

BUILD = os.environ.get("CAMRELAY_BUILD", os.path.join(os.path.dirname(__file__), "../../build/dev"))
DAEMON = os.path.abspath(os.path.join(BUILD, "bin/camrelayd"))
CLI = os.path.abspath(os.path.join(BUILD, "bin/camrelay"))
PATIENCE = 60.0  # seconds before a wait is called a failure
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("CAMRELAY_")}


def make_jpeg(number, side=48):
    """A real JPEG; every number gives other bytes."""
    library = ctypes.CDLL("libturbojpeg.so.0")
    library.tjInitCompress.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(library.tjInitCompress())
    rgb = bytes((number * 7 + at * (number % 5 + 1)) % 256 for at in range(side * side * 3))
    out, size = ctypes.c_void_p(), ctypes.c_ulong()
    assert library.tjCompress2(handle, rgb, side, 0, side, 0, ctypes.byref(out),
                               ctypes.byref(size), 0, 90, 0) == 0
    data = ctypes.string_at(out, size.value)
    library.tjFree(out)
    library.tjDestroy(handle)
    return data


class Relay:
    """One camrelayd on a port of the kernel's choice; ended by its pid."""

    def __init__(self, folder, *options, **environment):
        self.errors = open(os.path.join(folder, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [DAEMON, "--port", "0", "--host", "127.0.0.1", "--dir", "photos", *options], cwd=folder,
            stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors,
            env={**CLEAN, **environment})
        self.port = int(self.wait_for(r"listening .*\bport=(\d+)").group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def log(self):
        with open(self.errors.name, encoding="utf-8") as file:
            return file.read()

    def wait_for(self, pattern):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = re.search(pattern, self.log())
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError(f"{pattern} was not said: {self.log()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.errors.close()
        return self.process.returncode


class Refusing(http.server.BaseHTTPRequestHandler):
    """A destination that answers what the test wants."""
    answers = []  # (status, body), the last one for ever
    seen = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((dict(self.headers), body))
        status, text = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *unused):
        pass


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="camrelay-cli-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def relay(self, name="relay", *options, **environment):
        os.makedirs(self.path(name), exist_ok=True)
        relay = Relay(self.path(name), *options, **environment)
        self.addCleanup(relay.stop)
        return relay

    def refusing(self, *answers):
        Refusing.answers, Refusing.seen = list(answers), []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def photos(self, count, folder="in"):
        os.makedirs(self.path(folder), exist_ok=True)
        for number in range(count):
            with open(self.path(folder, f"p{number}.jpg"), "wb") as file:
                file.write(make_jpeg(number))
        return self.path(folder)

    def run_cli(self, *words, expect=0, program=CLI, stdin=b"", **environment):
        done = subprocess.run([program, *words], cwd=self.folder, input=stdin, check=False,
                              capture_output=True, timeout=PATIENCE, env={**CLEAN, **environment})
        out, err = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, expect, f"{words}: {out} {err}")
        return out, err

    def stored(self, relay="relay"):
        """SHA-256 of every photo that lies there."""
        folder = self.path(relay, "photos")
        sums = []
        for name in os.listdir(folder):
            if name.endswith(".jpg"):
                with open(os.path.join(folder, name), "rb") as file:
                    sums.append(hashlib.sha256(file.read()).hexdigest())
        return sorted(sums)


class Send(Case):
    def test_a_folder_arrives_whole_and_a_second_time_changes_nothing(self):
        relay, folder = self.relay(), self.photos(12)
        wanted = sorted(hashlib.sha256(make_jpeg(n)).hexdigest() for n in range(12))
        out, _ = self.run_cli("send", folder, "--to", relay.url, "--camera", "door1")
        self.assertEqual(len(out.splitlines()), 12)
        self.assertEqual(self.stored(), wanted)
        out, _ = self.run_cli("send", folder, "--to", relay.url + "/upload", "--camera", "door1")
        self.assertEqual(out.count("(was there already)"), 12)
        self.assertEqual(self.stored(), wanted)
        out, _ = self.run_cli("list", "--url", relay.url, "--limit", "1", "--json")
        self.assertEqual(json.loads(out)["files"][0]["camera"], "door1")

    def test_standard_input_is_a_photo_as_well(self):
        relay = self.relay()
        self.run_cli("send", "-", "--to", relay.url, stdin=make_jpeg(3))
        self.assertEqual(self.stored(), [hashlib.sha256(make_jpeg(3)).hexdigest()])

    def test_a_receiver_in_trouble_is_asked_again_with_the_same_key(self):
        good = json.dumps({"success": True, "filename": "x.jpg"}).encode()
        url = self.refusing((503, b"later"), (500, b""), (200, good))
        out, err = self.run_cli("send", self.photos(1), "--to", url)
        self.assertIn("-> x.jpg", out)
        self.assertIn("trying again", err)
        self.assertEqual(len(Refusing.seen), 3)
        self.assertEqual(len({head["Idempotency-Key"] for head, _ in Refusing.seen}), 1)
        self.assertEqual(len({body for _, body in Refusing.seen}), 1)
        self.assertIn(make_jpeg(0), Refusing.seen[0][1])
        self.assertIn("X-Captured-At", Refusing.seen[0][0])

    def test_what_is_refused_is_said_and_not_repeated(self):
        url = self.refusing((415, b'{"success": false, "error": "not an image"}'))
        out, err = self.run_cli("send", self.photos(2), "--to", url, "--parallel", "1", expect=1)
        self.assertEqual((out, len(Refusing.seen)), ("", 2))
        self.assertIn("not an image", err)
        self.assertIn("0 acknowledged, 2 not", err)

    def test_a_wrong_token_stops_everything_at_once(self):
        relay, folder = self.relay("relay", "--upload-token", "right"), self.photos(20)
        _, err = self.run_cli("send", folder, "--to", relay.url, "--token", "wrong", "--parallel",
                              "1", expect=1)
        self.assertIn("0 acknowledged, 20 not", err)
        self.assertEqual(self.stored(), [])
        self.run_cli("send", folder, "--to", relay.url, "--token", "right")
        self.assertEqual(len(self.stored()), 20)

    def test_after_one_answer_that_concerns_the_receiver_nothing_more_is_sent(self):
        url = self.refusing((401, b'{"success": false, "error": "who are you?"}'))
        _, err = self.run_cli("send", self.photos(9), "--to", url, "--parallel", "1", expect=1)
        self.assertEqual(len(Refusing.seen), 1)
        self.assertIn("0 acknowledged, 9 not", err)

    def test_a_receiver_that_is_not_there_ends_in_failure_after_the_tries(self):
        _, err = self.run_cli("send", self.photos(1), "--to", "http://127.0.0.1:1", "--tries", "2",
                              expect=1)
        self.assertIn("0 acknowledged, 1 not", err)

    def test_misuse_is_told_apart_from_failure(self):
        for words in (["send", "x.jpg"], ["send", "--to", "http://a"], ["send", "x", "--to", "a"],
                      ["send", "x", "--too", "http://a"], ["list", "--limit", "0"], ["fetch"],
                      ["retry", "a", "b"], ["retry", "--dir", "x"], ["install-service"]):
            self.run_cli(*words, expect=2)
        self.run_cli("send", "missing.jpg", "--to", "http://127.0.0.1:1", expect=1)
        self.assertIn("usage:", self.run_cli("--help")[0])
        self.assertRegex(self.run_cli("--version")[0], r"^camrelay \d+\.\d+\.\d+\n$")


class Ask(Case):
    def test_dead_letters_are_shown_and_sent_again_when_asked(self):
        url = self.refusing((422, b'{"success": false, "error": "do not like it"}'))
        relay = self.relay("relay", "--remote", url, "--immediate", "--interval", "0.2")
        self.run_cli("send", self.photos(1), "--to", relay.url)
        end, out = time.monotonic() + PATIENCE, ""
        while "do not like it" not in out and time.monotonic() < end:
            out, _ = self.run_cli("pending", "--dead", "--url", relay.url)
        self.assertIn("do not like it", out)
        self.assertIn("dead 1", self.run_cli("status", "--url", relay.url)[0])
        Refusing.answers = [(200, b'{"success": true}')]
        self.assertIn(": 1", self.run_cli("retry", "--url", relay.url)[0])
        while "nothing is pending" not in out and time.monotonic() < end:
            out, _ = self.run_cli("pending", "--url", relay.url)
        names = json.loads(self.run_cli("export-sent", "--url", relay.url)[0])
        self.assertEqual(len(names), 1)

    def test_names_are_taken_in_and_given_out_as_sent_files_json(self):
        relay = self.relay()
        with open(self.path("sent_files.json"), "w", encoding="utf-8") as file:
            json.dump(["a.jpg", "사진.jpg"], file)
        self.run_cli("import-sent", "sent_files.json", "--url", relay.url)
        self.run_cli("export-sent", "again.json", "--url", relay.url)
        with open(self.path("again.json"), encoding="utf-8") as file:
            self.assertEqual(sorted(json.load(file)), ["a.jpg", "사진.jpg"])
        with open(self.path("bad.json"), "w", encoding="utf-8") as file:
            file.write("[1, ")
        self.run_cli("import-sent", "bad.json", "--url", relay.url, expect=1)

    def test_the_password_of_the_pages_comes_from_the_environment(self):
        relay = self.relay("relay", "--page-password", "hush")
        _, err = self.run_cli("list", "--url", relay.url, expect=1)
        self.assertIn("CAMRELAY_PASSWORD", err)
        self.run_cli("list", CAMRELAY_URL=relay.url, CAMRELAY_PASSWORD="hush")
        self.run_cli("list", CAMRELAY_URL=relay.url, CAMRELAY_PASSWORD="hash", expect=1)

    def test_without_a_relay_the_database_is_read(self):
        relay = self.relay()
        self.run_cli("send", self.photos(3), "--to", relay.url)
        self.assertEqual(relay.stop(), 0)
        out, _ = self.run_cli("list", "--dir", "relay/photos")
        self.assertEqual(len(out.splitlines()), 3)
        self.assertIn("stored_total       3", self.run_cli("status", "--dir", "relay/photos")[0])
        self.run_cli("list", "--dir", "nowhere", expect=1)
        self.run_cli("status", "--url", "http://127.0.0.1:1", expect=1)

    def test_verify_finds_what_is_damaged_and_what_is_gone(self):
        relay = self.relay()
        self.run_cli("send", self.photos(4), "--to", relay.url)
        out, _ = self.run_cli("verify", "--dir", "relay/photos")
        self.assertIn("4 photos", out)
        names = sorted(n for n in os.listdir(self.path("relay/photos")) if n.endswith(".jpg"))
        relay.stop()
        with open(self.path("relay/photos", names[0]), "r+b") as file:
            file.seek(100)
            byte = file.read(1)
            file.seek(100)
            file.write(bytes([byte[0] ^ 1]))
        os.remove(self.path("relay/photos", names[1]))
        out, _ = self.run_cli("verify", "--dir", "relay/photos", expect=1)
        self.assertIn(f"not what was stored: {names[0]}", out)
        self.assertIn(f"missing: {names[1]}", out)
        self.assertIn("1 missing, 1 damaged, 0 unreadable", out)


class Settings(Case):
    def write(self, text):
        with open(self.path("c.conf"), "w", encoding="utf-8") as file:
            file.write(text)

    def daemon(self, *words, **more):
        return self.run_cli(*words, program=DAEMON, **more)

    def test_a_mistake_is_refused_with_its_line_before_anything_is_made(self):
        self.write("[camrelayd]\nport = 0\nintervall = 5\n")
        _, err = self.daemon("--config", "c.conf", "--dir", "made", expect=2)
        self.assertIn('c.conf:3: intervall: unknown setting; did you mean "interval"?', err)
        self.assertFalse(os.path.exists(self.path("made")))
        _, err = self.daemon("--port", "70000", expect=2)
        self.assertIn("--port: \"70000\" is too large; at most 65535", err)
        _, err = self.daemon(expect=2, CAMRELAY_HOST="here")
        self.assertIn("CAMRELAY_HOST:", err)

    def test_check_config_and_print_config_end_at_once_and_show_no_secret(self):
        self.write("[camrelayd]\nupload_token = hunter2\npage_password = hunter2\n"
                   "[destination far]\nurl = http://a:1\ntoken = hunter2\n")
        self.assertIn("good", self.daemon("--config", "c.conf", "--check-config")[0])
        out, _ = self.daemon("--config", "c.conf", "--print-config", "--port", "7")
        self.assertIn("\nport = 7\n", out)
        self.assertIn("[destination far]\nurl = http://a:1/upload\n", out)
        self.assertNotIn("hunter2", out)
        with open(self.path("printed.conf"), "w", encoding="utf-8") as file:
            file.write(out)
        self.daemon("--config", "printed.conf", "--check-config")
        self.daemon("--check-config", "--interval", "0", expect=2)

    def test_the_example_file_is_good_as_it_is(self):
        example = os.path.join(os.path.dirname(__file__), "../../relay/pack/camrelayd.conf")
        self.daemon("--config", os.path.abspath(example), "--check-config")

    def test_secrets_are_in_no_log(self):
        relay = self.relay("relay", "--upload-token", "hunter2", "--page-password", "hunter2")
        self.run_cli("send", self.photos(1), "--to", relay.url, "--token", "hunter3", expect=1)
        relay.stop()
        self.assertNotIn("hunter", relay.log())


class Service(Case):
    def test_the_folder_of_the_script_becomes_a_service_and_its_files_are_taken_over(self):
        home = self.path("root/home/donsub")
        shutil.copytree(self.photos(3), os.path.join(home, "esp32_photos"))
        with open(os.path.join(home, "sent_files.json"), "w", encoding="utf-8") as file:
            json.dump(["p0.jpg", "p1.jpg"], file)
        out, _ = self.run_cli("install-service", "--user", "donsub", "--dir",
                              "/home/donsub/esp32_photos/", "--destdir", self.path("root"),
                              "--remote", "http://127.0.0.1:1/upload")
        self.assertIn("sent_files.json will be taken over", out)
        self.assertIn("systemctl enable --now camrelayd", out)
        dropin = self.path("root/etc/systemd/system/camrelayd.service.d/10-folder.conf")
        with open(dropin, encoding="utf-8") as file:
            lines = file.read().splitlines()
        for line in ("User=donsub", "WorkingDirectory=/home/donsub", "ProtectHome=tmpfs",
                     "BindPaths=/home/donsub", "ReadWritePaths=/home/donsub"):
            self.assertIn(line, lines)
        # What the unit would do there: its environment, in its working directory.
        pairs = [word for line in lines if line.startswith("Environment=")
                 for word in line.removeprefix("Environment=").split(" ")]
        environment = dict(pair.split("=", 1) for pair in pairs)
        environment["CAMRELAY_DIR"] = os.path.join(self.path("root"), environment["CAMRELAY_DIR"][1:])
        environment["CAMRELAY_PORT"] = "0"
        environment["CAMRELAY_ADOPT_STILL"] = "0.2"
        errors = open(os.path.join(home, "log"), "w+", encoding="utf-8")
        self.addCleanup(errors.close)
        daemon = subprocess.Popen([DAEMON, "--host", "127.0.0.1"], cwd=home, stdout=errors,
                                  stdin=subprocess.DEVNULL, stderr=errors,
                                  env={**CLEAN, **environment})
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        end, port, out = time.monotonic() + PATIENCE, None, ""
        while time.monotonic() < end and "p2.jpg" not in out:
            with open(errors.name, encoding="utf-8") as file:
                port = re.search(r"port=(\d+)", file.read())
            if port:
                out, _ = self.run_cli("pending", "--url", f"http://127.0.0.1:{port.group(1)}")
            time.sleep(0.05)
        self.assertIn("p2.jpg", out)
        self.assertNotIn("p0.jpg", out)
        self.assertNotIn("p1.jpg", out)

    def test_paths_a_unit_cannot_hold_are_refused(self):
        for words in (["--dir", "/home/a b/photos"], ["--dir", "/photos"], ["--dir", "/h/../photos"],
                      ["--dir", "/h/100%/photos"], ["--remote", "nothing"]):
            self.run_cli("install-service", "--user", "u", "--destdir", self.path("root"),
                         *(["--dir", "/h/p"] if words[0] != "--dir" else []), *words, expect=2)
        self.assertFalse(os.path.exists(self.path("root")))

    def test_a_port_of_root_comes_with_the_right_to_it(self):
        self.run_cli("install-service", "--user", "u", "--dir", "/srv/cam/photos", "--port", "80",
                     "--destdir", self.path("root"))
        dropin = self.path("root/etc/systemd/system/camrelayd.service.d/10-folder.conf")
        with open(dropin, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("AmbientCapabilities=CAP_NET_BIND_SERVICE", text)
        self.assertNotIn("ProtectHome", text)


if __name__ == "__main__":
    unittest.main()
