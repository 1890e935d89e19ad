"""Values to JSON and back."""

import enum
import json
import math
import random
import unittest

from dirty_guest.values import DEPTH_MAX, NoBlobs, decode, encode, sendable


class Blobs:
    """Keeps bytes, as the host does."""

    def __init__(self, *kept):
        self.kept = list(kept)

    def get(self, index):
        return self.kept[index] if 0 <= index < len(self.kept) else None

    def put(self, data):
        self.kept.append(data)
        return len(self.kept) - 1


def nested(depth):
    value = 0
    for _ in range(depth):
        value = [value]
    return value


class Encoding(unittest.TestCase):
    def check(self, value, text, kept=()):
        blobs = Blobs()
        self.assertEqual(encode(value, blobs), text)
        self.assertEqual(blobs.kept, list(kept))

    def test_json_has_words_for_most(self):
        self.check([None, True, 1, 1.5, "é", {}], '[null,true,1,1.5,"é",{}]')

    def test_tuples_are_arrays(self):
        self.check((1, (2,)), "[1,[2]]")

    def test_keys_become_strings_as_str_has_them(self):
        self.check({1: 0, None: 1, 2.5: 3}, '{"1":0,"None":1,"2.5":3}')
        self.check({True: 0, False: 1}, '{"True":0,"False":1}')
        self.check({(1, 2): 0}, '{"(1, 2)":0}')

    def test_keys_that_look_like_them_stay(self):
        self.check({"null": 1, "true": '"false":'}, '{"null":1,"true":"\\"false\\":"}')

    def test_integers_are_whole(self):
        self.check(10**5000, "1" + "0" * 5000)

    def test_enumerations_are_their_values(self):
        self.check(enum.IntEnum("Color", "RED").RED, "1")

    def test_bytes_are_kept_aside(self):
        self.check(
            [b"a", {"b": bytearray(b"b")}, memoryview(b"c")],
            '[{"$blob":0},{"b":{"$blob":1}},{"$blob":2}]',
            [b"a", b"b", b"c"],
        )

    def test_numbers_that_are_not_finite_have_names(self):
        self.check([math.nan, math.inf, -math.inf], '[{"$float":"nan"},{"$float":"inf"},{"$float":"-inf"}]')

    def test_objects_that_look_marked_get_a_dollar(self):
        self.check({"$blob": 1}, '{"$$blob":1}')
        self.check({"$$float": {"$float": 2}}, '{"$$$float":{"$$float":2}}')
        self.check({"$other": 1}, '{"$other":1}')
        self.check({"$blob": 1, "b": 2}, '{"$blob":1,"b":2}')

    def test_half_a_surrogate_pair_is_escaped(self):
        self.check("\ud800", '"\\ud800"')
        self.assertEqual(sendable("a\ud800"), "a\\ud800")

    def test_what_cannot_be_sent_is_named_with_its_place(self):
        with self.assertRaisesRegex(TypeError, r"^the result\['list'\]\[1\] is of type set, which cannot be sent$"):
            encode({"list": [1, {2}]}, Blobs())
        with self.assertRaisesRegex(TypeError, r"^the chunk is of type object"):
            encode(object(), Blobs(), "the chunk")
        with self.assertRaisesRegex(TypeError, "bytes cannot be sent"):
            encode(b"", NoBlobs)

    def test_depth_is_limited(self):
        text = encode(nested(DEPTH_MAX), Blobs())
        self.assertEqual(json.loads(text), nested(DEPTH_MAX))
        endless = []
        endless.append(endless)
        with self.assertRaisesRegex(ValueError, "within each other"):
            encode(endless, Blobs())
        with self.assertRaisesRegex(ValueError, "within each other"):
            encode([b"", nested(DEPTH_MAX)], Blobs())


class Decoding(unittest.TestCase):
    def test_integers_are_whole(self):
        self.assertEqual(decode("9" * 5000, Blobs()), int(10**5000) - 1)

    def test_marks_are_taken_off(self):
        text = '[{"$blob":0},{"$float":"-inf"},{"$$blob":1},{"$$$float":2},{"$x":3},{"$blob":4,"y":5}]'
        self.assertEqual(
            decode(text, Blobs(b"bytes")),
            [b"bytes", -math.inf, {"$blob": 1}, {"$$float": 2}, {"$x": 3}, {"$blob": 4, "y": 5}],
        )

    def test_marks_may_be_escaped(self):
        self.assertEqual(decode('{"\\u0024blob":0}', Blobs(b"bytes")), b"bytes")

    def test_marks_that_mean_nothing_are_errors(self):
        for text in ('{"$blob":1}', '{"$blob":true}', '{"$blob":"0"}', '{"$float":"1"}', '{"$float":[]}'):
            with self.assertRaises(ValueError, msg=text):
                decode(text, Blobs(b""))


class RoundTrips(unittest.TestCase):
    def value(self, draw, depth=0):
        kinds = 9 if depth < 4 else 7
        match draw.randrange(kinds):
            case 0:
                return None
            case 1:
                return draw.random() < 0.5
            case 2:
                return draw.getrandbits(draw.choice([3, 64, 200])) * draw.choice([1, -1])
            case 3:
                return draw.choice([0.1, math.inf, -math.inf, -0.0, 1e-300])
            case 4:
                return draw.choice(["", "$blob", '"true":', "漢", "\ud800", "\x00"])
            case 5 | 6:
                return draw.randbytes(3)
            case 7:
                return [self.value(draw, depth + 1) for _ in range(draw.randrange(4))]
        keys = ["a", "$blob", "$float", "$$blob", "$$$float", "$bytes", "null", "true"]
        return {draw.choice(keys): self.value(draw, depth + 1) for _ in range(draw.choice([0, 1, 1, 3]))}

    def test_every_value_arrives_as_it_was(self):
        for seed in range(2000):
            value = self.value(random.Random(seed))
            blobs = Blobs()
            self.assertEqual(decode(encode(value, blobs), blobs), value, seed)


