"""What the builder finds by reading an app's source."""

import tempfile
import unittest
from pathlib import Path

from dirty_build.errors import BuildError
from dirty_build.imports import scan
from dirty_build.requirements import Bundle


class Reading(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name, "root")
        self.packages = Path(scratch.name, "packages")
        self.root.mkdir()
        self.packages.mkdir()
        self.compiled = {}

    def write(self, name, text, directory=None):
        path = (directory or self.root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def scan(self, text, module="app", allowed=()):
        self.write(f"{module.replace('.', '/')}.py", text)
        return scan(module, self.root, Bundle(self.packages, self.compiled), set(allowed))

    def refused(self, text, message, **how):
        with self.assertRaises(BuildError) as caught:
            self.scan(text, **how)
        self.assertIn(message, str(caught.exception))

    def test_what_works_is_fine(self):
        found = self.scan(
            "import threading, logging, asyncio, json\n"
            "from gunicorn.dirty import DirtyApp, stash\n"
            "lock = threading.Lock()\n"
        )
        self.assertEqual((found.late, found.warnings), (set(), []))

    def test_modules_without_which_nothing_works_are_refused(self):
        self.refused("\nimport socket\n", "app.py:2 imports socket: a component has no network")
        self.refused("import urllib.request as r", "imports urllib.request")
        self.refused("from urllib import request", "uses urllib.request")
        self.refused("from subprocess import run", "app.py:1 imports subprocess: a component cannot start processes")
        self.refused("import lzma", "app.py:1 imports lzma: the Python in a component is built without it")
        self.refused("def f():\n  import ctypes", "app.py:2 imports ctypes: a component cannot load native")

    def test_names_that_cannot_work_are_refused(self):
        threads = "a component has one thread"
        self.refused("from threading import Thread", f"app.py:1 uses threading.Thread: {threads}")
        self.refused("import threading as t\nt.Thread()", f"app.py:2 uses threading.Thread: {threads}")
        self.refused("import concurrent.futures\nconcurrent.futures.ThreadPoolExecutor()", threads)
        self.refused("from concurrent import futures\nfutures.ThreadPoolExecutor()", threads)
        self.refused("import os\nos.system('ls')", "uses os.system")

    def test_all_problems_are_named_at_once(self):
        text = "import socket\nimport ssl\n"
        self.refused(text, "app.py:1 imports socket")
        self.refused(text, "app.py:2 imports ssl")

    def test_what_is_handled_or_never_runs_is_fine(self):
        self.scan("try:\n  import socket, nowhere\nexcept ImportError:\n  socket = None\n")
        self.scan("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import socket\n")
        self.scan("if __name__ == '__main__':\n  import subprocess\n")

    def test_what_is_allowed_is_fine(self):
        self.scan("import urllib.request, subprocess", allowed={"urllib", "subprocess"})
        self.scan("from threading import Thread", allowed={"threading.Thread"})

    def test_the_app_s_own_modules_are_read(self):
        self.write("shop/__init__.py", "")
        self.write("shop/tools.py", "import socket")
        self.refused("from . import tools", "shop/tools.py:1 imports socket", module="shop.app")
        self.refused("from .tools import x", "shop/tools.py:1", module="shop.app")
        self.refused("import shop.tools", "shop/tools.py:1", module="shop.app")
        self.write("shop/__init__.py", "import ssl")
        self.refused("", "shop/__init__.py:1", module="shop.app")

    def test_libraries_are_not_judged(self):
        self.write("library.py", "import socket, nowhere", self.packages)
        self.scan("import library")

    def test_what_is_not_there_is_refused(self):
        self.refused("import nowhere", "app.py:1 imports nowhere, which is not there: add it to the requirements file")

    def test_what_is_compiled_is_refused(self):
        self.compiled["fast._core"] = "fast 1.0"
        self.refused("import fast._core", "imports fast._core, which is compiled")
        self.write("own.cpython-314-x86_64-linux-gnu.so", "")
        self.refused("import own", "imports own, which is compiled")

    def test_late_imports_are_found_in_libraries_too(self):
        self.write("library.py", "def f():\n  import colorsys\n", self.packages)
        found = self.scan("import library\ndef g():\n  from wave import open\n")
        self.assertEqual(found.late, {"colorsys", "wave"})

    def test_what_cannot_be_read_is_left_to_the_component(self):
        [warning] = self.scan("def f(:\n").warnings
        self.assertIn("app.py:1: cannot be read", warning)

    def test_a_module_that_is_not_there_is_an_error(self):
        with self.assertRaisesRegex(BuildError, "there is no module other in "):
            scan("other", self.root, Bundle(), set())
