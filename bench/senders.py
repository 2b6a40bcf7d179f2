"""What forwards photos when nobody writes a relay for it: a loop over a folder with `requests`.

  python3 senders.py URL FOLDER COUNT plain|session
"""
import os
import sys

import requests


def main():
    url, folder, count, kind = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    client = requests.Session() if kind == "session" else requests
    names = sorted(n for n in os.listdir(folder) if n.endswith(".jpg"))[:count]
    for name in names:
        with open(os.path.join(folder, name), "rb") as photo:
            answer = client.post(url, files={"file": (name, photo, "image/jpeg")}, timeout=30)
        answer.raise_for_status()


main()
