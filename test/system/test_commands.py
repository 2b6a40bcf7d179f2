"""Goal: small requests that change something are taken from those who may, and no others."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import RelayCase  # noqa: E402

JSON = {"Content-Type": "application/json"}


class Crashes(RelayCase):
    def test_a_core_dump_is_kept_and_survives(self):
        relay = self.relay("--upload-token", "t")
        dump = os.urandom(65536)
        camera = {"X-Camera-Id": "door 1"}
        self.assertEqual(relay.request("POST", "/crash", dump, camera)[0], 401)
        wrong = {**camera, "Authorization": "Bearer x"}
        self.assertEqual(relay.request("POST", "/crash", dump, wrong)[0], 403)
        right = {**camera, "Authorization": "Bearer t"}
        answer = relay.request("POST", "/crash", dump, right)
        self.assertEqual(answer[0], 200)
        name = json.loads(answer[2])["filename"]
        relay.kill()
        relay.start()
        with open(os.path.join(relay.photos, ".camrelay", "crashes", name), "rb") as file:
            self.assertEqual(file.read(), dump)
        self.assertEqual(relay.list(), [])
        self.assertEqual(relay.request("POST", "/crash", b"", right)[0], 400)
        self.assertEqual(relay.request("POST", "/crash", bytes(1 << 20), right)[0], 200)
        self.assertEqual(relay.request("POST", "/crash", bytes((1 << 20) + 1), right)[0], 413)
        self.assertEqual(relay.request("GET", "/crash")[0], 405)


class Commands(RelayCase):
    def test_only_json_with_the_password_is_taken(self):
        relay = self.relay("--page-password", "p")
        basic = {"Authorization": "Basic eDpw"}
        self.assertEqual(relay.request("POST", "/api/retry", b"{}", JSON)[0], 401)
        self.assertEqual(relay.request("POST", "/api/retry", b"{}", basic)[0], 415)
        self.assertEqual(relay.request("POST", "/api/retry", b"{}", {**JSON, **basic})[0], 200)
        self.assertEqual(relay.request("POST", "/api/retry", b"[", {**JSON, **basic})[0], 400)
        self.assertEqual(relay.request("GET", "/api/retry", None, basic)[0], 405)

    def test_imported_names_count(self):
        relay = self.relay("--remote", "http://127.0.0.1:1/upload")
        body = json.dumps(["a.jpg", "b.jpg"]).encode()
        answer = relay.request("POST", "/api/import-sent", body, JSON)
        self.assertEqual(json.loads(answer[2]), {"success": True, "imported": 2})
        self.assertEqual(relay.request("POST", "/api/import-sent", b'{"a": 1}', JSON)[0], 400)


if __name__ == "__main__":
    unittest.main()
