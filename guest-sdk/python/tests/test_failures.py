"""Exceptions as callers see them."""

import unittest

from dirty_guest.failures import Failure


def cause():
    return 1 / 0


def raise_with_cause():
    try:
        cause()
    except ZeroDivisionError as error:
        raise LookupError("no \ud800 luck") from error


class Failures(unittest.TestCase):
    def failure(self, function):
        try:
            function()
        except BaseException as error:
            return Failure(error)

    def test_class_and_message(self):
        failure = self.failure(raise_with_cause)
        self.assertEqual((failure.kind, failure.message), ("LookupError", "no \\ud800 luck"))

    def test_the_traceback_has_causes_and_source(self):
        text = self.failure(raise_with_cause).traceback
        self.assertIn("ZeroDivisionError: division by zero", text)
        self.assertIn("return 1 / 0", text)
        self.assertIn("The above exception was the direct cause", text)
        self.assertIn("in raise_with_cause", text)

    def test_an_error_without_a_message_that_can_be_made(self):
        class Odd(Exception):
            def __str__(self):
                raise RuntimeError

        def function():
            raise Odd

        self.assertIn("RuntimeError", self.failure(function).message)
        self.assertIn("Odd", self.failure(function).traceback)
