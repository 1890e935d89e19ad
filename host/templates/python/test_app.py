"""Unit tests, which run natively, with gunicorn's own DirtyApp: see README.md."""

import unittest

from app import Greeter


class TestGreeter(unittest.TestCase):
    def setUp(self):
        self.app = Greeter()
        self.app.init()

    def test_everybody_is_greeted_and_counted(self):
        self.app("greet", "Ada")
        self.assertEqual(self.app("greet", name="Alan"), "Hello, Alan! You are number 2.")

    def test_letters_come_one_by_one(self):
        self.assertEqual(list(self.app("spell", "Al")), ["A", "l"])


if __name__ == "__main__":
    unittest.main()
