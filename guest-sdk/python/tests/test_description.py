"""What an app says of itself."""

import json
import unittest

from dirty_guest.app import NotAnApp
from dirty_guest.description import describe

from .gunicorn_without_stash import DirtyApp


class App(DirtyApp):
    workers = 2
    stashes = ["sessions"]

    def greet(self, name, greeting="Hello", *rest, mark="!", **more):
        """Greets."""

    def numbers(self):
        yield 1

    def _hidden(self):
        pass


class Own(App):
    def __call__(self, action):
        pass


class Descriptions(unittest.TestCase):
    def test_methods_are_actions(self):
        described = json.loads(describe(App))
        greet, numbers = described["actions"]
        self.assertEqual((greet["name"], greet["doc"], greet["streams"]), ("greet", "Greets.", False))
        self.assertEqual(
            [(one["name"], one["required"]) for one in greet["params"]],
            [("name", True), ("greeting", False), ("mark", False)],
        )
        self.assertEqual((numbers["name"], numbers["params"], numbers["streams"]), ("numbers", [], True))

    def test_class_attributes(self):
        described = json.loads(describe(App))
        self.assertEqual((described["workers"], described["stashes"]), (2, ["sessions"]))
        self.assertEqual(json.loads(describe(App, 7))["workers"], 7)
        self.assertEqual(json.loads(describe(DirtyApp)), {"actions": []})

    def test_who_dispatches_has_no_known_actions(self):
        self.assertEqual(json.loads(describe(Own))["actions"], [])

    def test_attributes_that_make_no_sense(self):
        with self.assertRaisesRegex(NotAnApp, "`workers` is 0"):
            describe(type("Bad", (App,), {"workers": 0}))
        with self.assertRaisesRegex(NotAnApp, "`stashes` is"):
            describe(type("Bad", (App,), {"stashes": [1]}))
