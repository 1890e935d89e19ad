"""Keeps records that `init` makes, many small objects of them, and reads them. The guest `shared_state` is
the same app in Rust.
"""

import gc

import dirty_guest
from gunicorn.dirty import DirtyApp


class SharedState(DirtyApp):
    def init(self):
        config = dirty_guest.config()
        self.records = [_record(number) for number in range(config["records"])]
        # Whether a copy undoes what the SDK has done after `init`, to see what that is good for.
        self.thaws = config.get("thaws", False)

    def touch(self, start, count):
        """The sum of what so many records hold, from one of them on."""
        self._thaw()
        return sum(_sum(record) for record in self.records[start : start + count])

    def collect(self):
        """Collects garbage, as an interpreter does now and then whose app makes objects and keeps them."""
        self._thaw()
        gc.collect()

    def _thaw(self):
        if self.thaws:
            gc.unfreeze()
            self.thaws = False


def _record(number):
    return {
        "name": f"record {number}",
        "text": f"{number:060}",
        "numbers": [number, number + 1000, number + 2000],
        "score": number / 2,
    }


def _sum(record):
    return len(record["name"]) + len(record["text"]) + sum(record["numbers"]) + record["score"]
