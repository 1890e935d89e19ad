"""What is rehearsed before there is a host must not need one."""

import unittest
from unittest.mock import patch

from dirty_guest import rehearsal
from dirty_guest.calls import Calls

from .gunicorn_without_stash import DirtyApp


class RehearsalTest(unittest.TestCase):
    def test_it_goes_the_way_of_a_call_to_its_end(self):
        results = []
        run = Calls.run

        def watched(calls, *request):
            results.append(run(calls, *request))

        with patch.object(Calls, "run", watched):
            rehearsal.rehearse(DirtyApp)
        self.assertGreater(len(results), 1)
        self.assertEqual(results[0], '[["text",0],{"key":0.5}]')


if __name__ == "__main__":
    unittest.main()
