"""What becomes of installed requirements."""

import tempfile
import unittest
from pathlib import Path

from dirty_build import requirements
from dirty_build.requirements import Bundle


class CompiledParts(unittest.TestCase):
    def test_they_are_left_out_and_named(self):
        with tempfile.TemporaryDirectory() as scratch:
            modules = Path(scratch)
            for file in ("fast/__init__.py", "fast/_core.cpython-314-x86_64-linux-gnu.so", "fast.libs/libz.so.1", "one.abi3.so"):
                (modules / file).parent.mkdir(exist_ok=True)
                (modules / file).touch()
            record = modules / "fast-1.2.dist-info" / "RECORD"
            record.parent.mkdir()
            record.write_text("fast/__init__.py,,\nfast/_core.cpython-314-x86_64-linux-gnu.so,,\n", encoding="utf-8")
            left_out = requirements._leave_out_compiled(modules)
            self.assertEqual(left_out, {"fast._core": "fast 1.2", "fast.libs.libz": "fast.libs", "one": "one.abi3.so"})
            self.assertTrue((modules / "fast/__init__.py").exists())
            self.assertFalse(list(modules.rglob("*.so*")))

    def test_their_owner_is_known(self):
        bundle = Bundle(Path("somewhere"), {"fast._core": "fast 1.2"})
        self.assertEqual(bundle.owner_of_compiled("fast._core"), "fast 1.2")
        self.assertEqual(bundle.owner_of_file("fast/inner/x.py"), "fast 1.2")
        self.assertIsNone(bundle.owner_of_file("slow.py"))
        [warning] = bundle.warnings()
        self.assertIn("fast 1.2: its compiled parts are left out (fast._core)", warning)


class Lists(unittest.TestCase):
    def test_only_plain_lists_are_kept(self):
        plain = ["", "# text", "jinja2", "jinja2==3.1.6", "a[b,c] >= 1, < 2 ; python_version < '4'"]
        other = ["-e .", "--index-url x", "./local", "a @ https://example.org/a.whl", "-r other.txt"]
        for line in plain:
            self.assertTrue(requirements._PLAIN.fullmatch(line), line)
        for line in other:
            self.assertFalse(requirements._PLAIN.fullmatch(line), line)
