"""Starts the relay on a state a cut may have left, and asks whether the promise was kept."""
import hashlib
import http.client
import os
import time

from load import get_json, upload_patiently


class Truth:
    """What was sent and what was acknowledged, by the cameras' own record."""

    def __init__(self):
        self.by_sha256 = {}  # every photo ever sent
        self.by_name = {}  # name answered -> photo, as the camera that got the answer noted

    def add(self, photos, answers):
        self.by_sha256.update({photo.sha256: photo for photo in photos})
        for photo, answer in answers:
            self.by_name[answer["filename"]] = photo

    def photo_of(self, answer):
        """The photo an answer was about. An answer may have left and not arrived: then its own hash
        must be one of ours."""
        return self.by_name.get(answer["filename"]) or self.by_sha256[answer["sha256"]]


def hash_of_file(path):
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


class Check:
    """One state. `wrong` gathers sentences; none: the promise was kept."""

    def __init__(self, root, truth, acked, sent):
        """`sent`: SHA-256 of what the destination got in the recorded run, at whatever time."""
        self.root, self.truth, self.sent = root, truth, sent
        self.owed = {}  # name -> photo: not delivered before the cut
        self.acked = {answer["filename"]: truth.photo_of(answer) for answer in acked}
        self.wrong = []

    def run(self, start, work, sink, dice, manner):
        """`start`: (root, folder of its own, options) -> Daemon. `manner`: look, forward, adopt."""
        options = ["--remote", sink.url]
        options += ["--adopt-still", "0.1"] if manner == "adopt" else ["--adopt=no"]
        options += ["--immediate"] if manner == "forward" else ["--interval", "3600"]
        daemon = start(self.root, work, options)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", daemon.port(), timeout=20)
            self.look_at_files()
            self.look_at_list(connection, sink)
            self.repeat(connection, dice)
            if manner == "forward":
                self.wait_for_forwarding(sink)
            if manner == "adopt":
                self.wait_for_adoption(connection, sink)
            connection.close()
            if daemon.process.poll() is not None:
                self.wrong.append(f"the relay ended: {daemon.log()}")
        except (RuntimeError, OSError, ValueError, http.client.HTTPException) as error:
            self.wrong.append(f"no answer: {error!r}: {daemon.log()}")
        finally:
            daemon.kill()
        return self.wrong

    def look_at_files(self):
        for name, photo in self.acked.items():
            if hash_of_file(os.path.join(self.root, name)) != photo.sha256:
                self.wrong.append(f"{name} was acknowledged and is not there whole")
        for name in os.listdir(os.path.join(self.root, ".camrelay")):
            if ".broken-" in name and self.acked:
                self.wrong.append("the database was set aside: a cut alone must not damage it")

    def look_at_list(self, connection, sink):
        status, answer = get_json(connection, "/list")
        if status != 200:
            self.wrong.append(f"/list answers {status}")
            return
        listed = {entry["filename"]: entry for entry in answer["files"]}
        for name, photo in self.acked.items():
            entry = listed.get(name)
            if entry is None:
                self.wrong.append(f"{name} was acknowledged and is not listed")
                continue
            if entry["sha256"] != photo.sha256 or entry["size"] != len(photo.data):
                self.wrong.append(f"{name} is listed with another content")
            delivery = entry["deliveries"].get("remote")
            if delivery == "pending":
                self.owed[name] = photo
            elif delivery != "sent" or not (photo.sha256 in self.sent or sink.has(photo.sha256)):
                self.wrong.append(f"{name} is neither waiting for the destination nor there, "
                                  f"but {delivery}")
        for name, entry in listed.items():
            sha256 = hash_of_file(os.path.join(self.root, name))
            if sha256 != entry["sha256"] or sha256 not in self.truth.by_sha256:
                self.wrong.append(f"{name} is listed and is not what anybody sent")

    def repeat(self, connection, dice):
        """Keys are remembered; and what was never acknowledged is taken now."""
        with_key = [(name, photo) for name, photo in self.acked.items() if photo.key]
        chosen = with_key[-2:] + dice.sample(with_key, min(2, len(with_key)))
        for name, photo in chosen:
            status, answer = upload_patiently(connection, photo)
            if status != 200 or not answer.get("duplicate") or answer.get("filename") != name:
                self.wrong.append(f"the key of {name} is forgotten: {status} {answer}")
        rest = [photo for photo in self.truth.by_sha256.values()
                if photo.key and photo not in self.acked.values()]
        for photo in rest[:1]:
            status, answer = upload_patiently(connection, photo)
            if status != 200 or \
                    hash_of_file(os.path.join(self.root, answer["filename"])) != photo.sha256:
                self.wrong.append(f"a photo sent again is not taken: {status} {answer}")

    def wait_for_forwarding(self, sink):
        end = time.monotonic() + 20
        missing = list(self.owed.items())
        while missing and time.monotonic() < end:
            missing = [(name, photo) for name, photo in missing if not sink.has(photo.sha256)]
            time.sleep(0.005)
        self.wrong.extend(f"{name} was not forwarded" for name, _ in missing)

    def wait_for_adoption(self, connection, sink):
        """Whole files without a row are taken in; damaged ones never, which the list shows."""
        end = time.monotonic() + 20
        missing = True
        while missing and time.monotonic() < end:
            _, answer = get_json(connection, "/list")
            listed = {entry["filename"] for entry in answer["files"]}
            missing = [name for name in os.listdir(self.root)
                       if name.endswith(".jpg") and name not in listed and
                       hash_of_file(os.path.join(self.root, name)) in self.truth.by_sha256]
            time.sleep(0.01)
        self.wrong.extend(f"{name} is whole and was not taken in" for name in missing or [])
        self.look_at_list(connection, sink)
