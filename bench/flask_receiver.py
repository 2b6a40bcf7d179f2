"""The receiver the project replaces, as small as it is usually written: Flask, one route, the photo
saved under its name with a time stamp. Nothing is flushed, hashed or remembered.

  python3 flask_receiver.py FOLDER        Flask's development server, on a port of the system's choice
  RECEIVER_FOLDER=FOLDER gunicorn flask_receiver:app
"""
import itertools
import os
import sys
from datetime import datetime

from flask import Flask, jsonify, request

app = Flask(__name__)
folder = os.environ.get("RECEIVER_FOLDER") or sys.argv[1]
number = itertools.count(1)


@app.route("/upload", methods=["POST"])
def upload():
    if "file" not in request.files:
        return jsonify({"success": False, "error": "no file"}), 400
    photo = request.files["file"]
    stem, extension = os.path.splitext(os.path.basename(photo.filename))
    stamp = datetime.now().strftime("%Y%m%d_%H%M%S")
    # The script has only the second; the number keeps the comparison from overwriting one file.
    name = f"{stem}_{stamp}_{os.getpid()}_{next(number)}{extension}"
    path = os.path.join(folder, name)
    photo.save(path)
    return jsonify({"success": True, "filename": name, "size": os.path.getsize(path), "path": path})


if __name__ == "__main__":
    import logging

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line per request costs a fifth
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"ready {server.server_port}", flush=True)
    server.serve_forever()
