"""What is taken of the memory between other things is bounded, and taken once."""

import unittest

from dirty_guest import gaps


class GapsTest(unittest.TestCase):
    def test_what_is_taken_is_bounded(self):
        self.assertLessEqual(gaps.close(), gaps._TAKEN_BYTES_MAX)

    def test_gaps_between_things_that_stay_are_taken(self):
        gaps.close()
        row = [bytes(400) for _ in range(512)]
        # Every second one leaves a gap.
        places = {id(piece) for piece in row[::2]}
        del row[::2]
        gaps.close()
        taken = {id(piece) for piece in gaps._taken}
        self.assertGreater(len(places & taken), len(places) // 2)


if __name__ == "__main__":
    unittest.main()
