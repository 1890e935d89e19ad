"""A stream of tokens, as language models give it: one at a time, each when it is made."""

import asyncio
import logging
import random
from pathlib import Path

import dirty_guest
from gunicorn.dirty import DirtyApp

from model import Model, split

# Without this, only warnings reach the log, as anywhere in Python.
logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[dirty_guest.LogHandler()])
log = logging.getLogger(__name__)

# What lies beside a module may be read at its top: that happens once, when the component is built.
TEXT = (Path(__file__).parent / "alice.txt").read_text(encoding="utf-8")

TOKENS_MAX = 100_000
TEMPERATURE_MAX = 5.0


class Story(DirtyApp):
    """Goes on with a story."""

    def init(self):
        """Trains the model, once: every worker is a copy of the process that did."""
        config = dirty_guest.config()
        # A table of counts is too quick to look like a large model.
        self.pause = config.get("seconds_per_token", 0)
        self.model = Model(TEXT)
        self.served = 0
        log.info("the model knows %d tokens", len(self.model.vocabulary))

    async def generate(self, prompt="", max_tokens=100, temperature=0.8, seed=None):
        """Streams what follows a prompt, token by token. The same seed gives the same tokens; without
        one they differ from call to call."""
        check("max_tokens", max_tokens, int, TOKENS_MAX)
        check("temperature", temperature, (int, float), TEMPERATURE_MAX)
        made = 0
        try:
            for token in self._tokens(prompt, temperature, random.Random(seed)):
                if made == max_tokens:
                    break
                yield token
                made += 1
                await asyncio.sleep(self.pause)
        finally:
            # Also when the client leaves: then `yield` raises GeneratorExit.
            self.served += made
            log.info("made %d of %d tokens", made, max_tokens)

    def likely(self, prompt, k=5):
        """The tokens that are likeliest to follow a prompt, and their probabilities."""
        weights = self.model.candidates(split(prompt))
        total = sum(weights.values())
        likeliest = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))
        return [{"token": token, "probability": weight / total} for token, weight in likeliest[:k]]

    def made(self):
        """How many tokens this worker has made."""
        return self.served

    def _tokens(self, prompt, temperature, generator):
        context = split(prompt)
        before = context[-1] if context else None
        while True:
            token = self.model.next_token(context, temperature, generator)
            yield Model.spaced(token, before)
            before = token
            context = [*context[1 - Model.ORDER :], token]


def check(name, value, types, largest):
    """Refuses what is no number between 0 and the largest allowed."""
    if isinstance(value, bool) or not isinstance(value, types):
        raise TypeError(f"{name} is {value!r}, and has to be a number")
    if not 0 <= value <= largest:
        raise ValueError(f"{name} is {value}, and may be 0 to {largest}")
