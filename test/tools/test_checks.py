#!/usr/bin/env python3
"""Goal: the checks of the tree fail on exactly what they forbid.

usage: test_checks.py FOLDER_OF_TOOLS
Each case builds a small tree in a temporary folder and breaks one rule in it.
"""
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "tools"

# A tree in which every arrow points the right way.
GOOD = {
    "lib/base/err.h": "#include <stddef.h>\n",
    "lib/base/buf.c": '#include "lib/base/err.h"\n#include <string.h>\n',
    "lib/wire/url.h": '#include "lib/base/err.h"\n',
    "lib/wire/url.c": '#include "lib/wire/url.h"\n',
    "lib/pace/rate.c": '#include "lib/base/err.h"\n',
    "lib/port/fs.h": '#include "lib/base/err.h"\n',
    "relay/logic/intake.c": '#include "lib/wire/url.h"\n#include "relay/logic/ports/state.h"\n',
    "relay/logic/ports/state.h": '#include "lib/port/fs.h"\n',
    "relay/port/state_sqlite.c": '#include <sqlite3.h>\n#include <unistd.h>\n'
                                 '#include "relay/logic/ports/state.h"\n',
    "relay/main/main.c": '#include "relay/port/state.h"\n#include "relay/logic/intake.h"\n',
    "camera/port/camera_esp32.c": '#include <esp_camera.h>\n#include "idf/wifi.h"\n'
                                  '#include "camera/logic/ports.h"\n',
    "idf/wifi.c": '#include "lib/base/err.h"\n#include <esp_wifi.h>\n',
    "test/unit/test_url.c": '#include "lib/wire/url.h"\n#include <sqlite3.h>\n',
}

# What each line is, put into which file.
WRONG_ARROWS = {
    "base knows nobody": ("lib/base/buf.c", '#include "lib/wire/url.h"'),
    "wire does not know pace": ("lib/wire/url.c", '#include "lib/pace/rate.h"'),
    "wire does not know ports": ("lib/wire/url.c", '#include "lib/port/fs.h"'),
    "lib does not know a program": ("lib/wire/url.c", '#include "relay/logic/intake.h"'),
    "logic does not know a port": ("relay/logic/intake.c", '#include "relay/port/state_sqlite.h"'),
    "logic does not know main": ("relay/logic/intake.c", '#include "relay/main/app.h"'),
    "logic knows no platform": ("relay/logic/intake.c", "#include <unistd.h>"),
    "lib knows no platform": ("lib/wire/url.c", "#include <sys/types.h>"),
    "a port sees only the interfaces": ("relay/port/state_sqlite.c",
                                        '#include "relay/logic/intake.h"'),
    "a port does not know main": ("relay/port/state_sqlite.c", '#include "relay/main/app.h"'),
    "programs do not know each other": ("relay/main/main.c", '#include "camera/logic/ports.h"'),
    "idf knows no program": ("idf/wifi.c", '#include "camera/logic/ports.h"'),
    "the relay has no idf": ("relay/port/state_sqlite.c", '#include "idf/wifi.h"'),
    "one file has the library": ("relay/port/other.c", "#include <sqlite3.h>"),
    "written from the root": ("relay/logic/intake.c", '#include "intake.h"'),
    "with blanks as C allows": ("lib/base/buf.c", '  #  include   "lib/wire/url.h"'),
}


def write_tree(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


def run(tool, *arguments):
    return subprocess.run([os.path.join(TOOLS, tool), *arguments], capture_output=True, text=True,
                          check=False)


class Layers(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as root:
            write_tree(root, files)
            return run("check_layers", root)

    def test_right_arrows_pass(self):
        result = self.check(GOOD)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)

    def test_each_wrong_arrow_fails_and_is_named(self):
        for what, (path, line) in WRONG_ARROWS.items():
            with self.subTest(what):
                result = self.check({**GOOD, path: GOOD.get(path, "") + line + "\n"})
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn(path + ":", result.stdout)
                self.assertEqual(len(result.stdout.splitlines()), 1, result.stdout)

    def test_an_empty_tree_is_not_in_order(self):
        self.assertEqual(self.check({}).returncode, 1)


class Symbols(unittest.TestCase):
    def check(self, libraries):
        """libraries: {archive: {file: text}}"""
        with tempfile.TemporaryDirectory() as root:
            archives = []
            for archive, files in libraries.items():
                folder = os.path.join(root, archive)
                write_tree(folder, files)
                for name in files:
                    subprocess.run(["cc", "-c", name, "-o", name + ".o"], cwd=folder, check=True)
                subprocess.run(["ar", "rcs", archive + ".a", *[name + ".o" for name in files]],
                               cwd=folder, check=True)
                archives.append(os.path.join(folder, archive + ".a"))
            return run("check_symbols", *archives)

    def test_names_of_their_files_pass(self):
        result = self.check({"base": {"hex.c": "int hex_encode(void) { return 0; }\n"},
                             "wire": {"url.c": "static int split(void) { return 0; }\n"
                                               "int url_split(void) { return split(); }\n"}})
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_a_function_of_another_name_fails(self):
        result = self.check({"wire": {"url.c": "int split(void) { return 0; }\n"}})
        self.assertEqual(result.returncode, 1)
        self.assertIn("exports split", result.stdout)

    def test_a_name_that_only_begins_alike_fails(self):
        self.assertEqual(self.check({"w": {"url.c": "int urls_split(void) { return 0; }\n"}})
                         .returncode, 1)

    def test_a_variable_counts_too(self):
        self.assertEqual(self.check({"w": {"url.c": "int counter = 1;\n"}}).returncode, 1)

    def test_two_files_of_one_name_fail(self):
        result = self.check({"base": {"url.c": "int url_split(void) { return 0; }\n"},
                             "logic": {"url.c": "int url_join(void) { return 0; }\n"}})
        self.assertEqual(result.returncode, 1)
        self.assertIn("more than one library", result.stdout)

    def test_nothing_is_not_in_order(self):
        self.assertEqual(run("check_symbols").returncode, 1)


if __name__ == "__main__":
    unittest.main()
