"""Destinations with more to say than their URL: encrypted ones, and one the owner has paused.

Goal: over https a photo goes only to who proves to be the one meant, and whoever does not is shown
as down with the reason, owed everything; a paused one is owed everything and shown as paused.
"""
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import RelayCase, make_jpeg, sha256, wait_until  # noqa: E402


def openssl(*words, folder):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


class Destinations(RelayCase):
    def configured(self, text, name="relay"):
        os.makedirs(self.path(name), exist_ok=True)
        with open(self.path(name, "relay.conf"), "w", encoding="utf-8") as file:
            file.write("[camrelayd]\ninterval = 0.2\n" + text)
        return self.relay("--config", "relay.conf", name=name)

    def store(self, relay):
        data = make_jpeg(self.id())
        status, answer = relay.upload(data)
        self.assertEqual(status, 200, answer)
        return {answer["filename"]: sha256(data)}


class Paused(Destinations):
    def test_it_is_shown_owed_and_served_when_the_pause_ends(self):
        remote = self.remote()
        section = f"[destination shed]\nurl = {remote.url}\nenabled = %s\n"
        relay = self.configured(section % "no")
        stored = self.store(relay)
        wait_until(lambda: relay.destination("shed")["pending"] == 1, "it is owed")
        told = relay.get("/health")
        self.assertEqual((told["status"], told["destinations"][0]["state"]),
                         ("degraded" if told["durability"] == "none" else "ok", "paused"))
        for language, word in (("en", "paused"), ("ko", "일시 중지")):
            page = relay.request("GET", "/", headers={"Accept-Language": language})[2].decode()
            self.assertIn(f'<span class="badge paused">{word}</span>', page)
        self.assertIn('camrelay_destination_up{destination="shed"} 0',
                      relay.request("GET", "/metrics")[2].decode())
        self.assertEqual(remote.requests(), [])
        relay.stop()
        with open(os.path.join(relay.folder, "relay.conf"), "w", encoding="utf-8") as file:
            file.write("[camrelayd]\ninterval = 0.2\n" + section % "yes")
        relay.start()
        relay.wait_sent(1, "shed")
        self.assertEqual(relay.destination("shed")["state"], "up")
        self.assertEqual(list(stored.values()), [photo["sha256"] for photo in remote.stored()])


@unittest.skipUnless(shutil.which("openssl"), "no openssl here")
class Encrypted(Destinations):
    """The remote is another camrelayd with a certificate of our own authority."""

    def setUp(self):
        super().setUp()
        folder = self.folder
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        for name in ("ca", "stranger"):
            openssl("req", "-x509", *curve, "-keyout", f"{name}.key", "-out", f"{name}.pem",
                    "-days", "2", "-subj", f"/CN={name}", folder=folder)
        for name, means in (("good", "IP:127.0.0.1"), ("other", "DNS:other.example")):
            openssl("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
                    f"/CN={name}", folder=folder)
            with open(self.path(name + ".ext"), "w", encoding="ascii") as file:
                file.write(f"subjectAltName={means}\n")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                    "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out",
                    f"{name}.pem", folder=folder)

    def far(self, name):
        """A remote that shows the certificate `name`."""
        return self.relay("--tls-cert", self.path(name + ".pem"), "--tls-key",
                          self.path(name + ".key"), name="far-" + name)

    def send(self, far, more, name):
        relay = self.configured(f"[destination far]\nurl = https://127.0.0.1:{far.port}\n{more}\n",
                                name.replace(" ", "-"))
        return relay, self.store(relay)

    def test_only_who_proves_to_be_meant_gets_photos(self):
        good, other = self.far("good"), self.far("other")
        trusted = "tls_ca = " + self.path("ca.pem")
        rows = (("trusted", good, trusted, None),
                ("unasked", other, trusted + "\ntls_insecure = yes", None),
                ("unknown", good, "", "certificate"),
                ("wrong authority", good, "tls_ca = " + self.path("stranger.pem"), "certificate"),
                ("wrong name", other, trusted, "127.0.0.1"))
        expected = {"far-good": set(), "far-other": set()}
        begun = [(row, *self.send(row[1], row[2], row[0])) for row in rows]
        for (name, far, _, trouble), relay, stored in begun:
            with self.subTest(name):
                if trouble is None:
                    relay.wait_sent(1, "far")
                    expected[os.path.basename(far.folder)] |= set(stored.values())
                    continue
                wait_until(lambda: relay.destination("far")["last_error"], "it is told")
                told = relay.destination("far")
                self.assertEqual((told["state"], told["pending"]), ("down", 1))
                self.assertIn(trouble, told["last_error"])
        for far in (good, other):
            self.assertEqual(set(far.files().values()), expected[os.path.basename(far.folder)])


del Destinations, RelayCase  # bases, not tests

if __name__ == "__main__":
    unittest.main()
