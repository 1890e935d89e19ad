"""A language model of the smallest kind: how often which token has followed which others in a text.

It gives what larger ones give, a probability for each token that may come next, and knows nothing of
calls.
"""

import re
from collections import Counter, defaultdict

# Words with what belongs to them, and marks that stand at the end of the word before them. Quotes and
# brackets come in pairs, which so short a memory cannot keep.
_MARKS = ".,:;?!"
_TOKEN = re.compile(rf"\w+(?:['-]\w+)*|[{_MARKS}]")


def split(text):
    """The tokens of a text."""
    return _TOKEN.findall(text)


class Model:
    """What was learnt from a text."""

    # How many tokens it looks back.
    ORDER = 3
    # How much more a longer memory counts than the next shorter one.
    BACKOFF = 8.0

    def __init__(self, text):
        tokens = split(text)
        self.vocabulary = sorted(set(tokens))
        # The beginning follows the end, so that every token has a successor.
        tokens += tokens[: self.ORDER]
        self._after = defaultdict(Counter)
        for place, token in enumerate(tokens):
            for length in range(min(self.ORDER, place) + 1):
                self._after[tuple(tokens[place - length : place])][token] += 1

    def candidates(self, context):
        """The tokens that may follow others, and their weights, which are no probabilities yet."""
        weights = Counter()
        scale = 1.0
        for length in range(1, self.ORDER + 1):
            followers = self._after.get(tuple(context[-length:])) if length <= len(context) else None
            if followers is None:
                continue
            scale *= self.BACKOFF
            total = followers.total()
            for token, count in followers.items():
                weights[token] += scale * count / total
        # After what it does not know anything may come.
        return weights or self._after[()]

    def next_token(self, context, temperature, random):
        """Draws what follows. At temperature 0 it is always what is most likely, above 1 the unlikely
        becomes likelier."""
        weights = self.candidates(context)
        if temperature == 0:
            return max(weights, key=lambda token: (weights[token], token))
        largest = max(weights.values())
        scaled = [(weight / largest) ** (1 / temperature) for weight in weights.values()]
        [token] = random.choices(list(weights), scaled)
        return token

    @staticmethod
    def spaced(token, before):
        """A token as it is written after another one."""
        return token if before is None or token in _MARKS else " " + token
