"""The host's codec of the binary dialect against gunicorn's own, without a host.

Writes requests to standard output and reads, for each, the answer of an app that returns its
`args` (`echo`) or, as what it means, the JSON text in them (`say`). Values must come back as they
were, byte for byte; JSON must be what Python takes it for; of damaged messages, gunicorn's decoder
says which are to be refused.
"""

import json
import random
import struct
import sys

from gunicorn.dirty.errors import DirtyProtocolError
from gunicorn.dirty.protocol import HEADER_SIZE, BinaryProtocol
from gunicorn.dirty.tlv import TLVEncoder

SEED = 20
VALUES = 4000
SAID = 4000
DAMAGED = 4000

INTEGERS = [sign * 2**power + more for power in range(63) for sign in (1, -1) for more in (-1, 0, 1)]
INTEGERS += [2**63 - 1, 1 - 2**63, -(2**63)]
TOO_LONG = [2**63, -(2**63) - 1, 2**64, 10**100]
FLOATS = [0.0, -0.0, 0.1, 1e16, 1e300, 1.7976931348623157e308, 2.2250738585072014e-308, 5e-324,
          float("nan"), float("inf"), float("-inf")]
KEYS = ["", "a", "$blob", "$float", "$$blob", "$$$float", "$", "$bytes", "é", "\n\"\\", 5, None, 1.5]
TEXTS = ["", "x", "nan", "inf", "日本語", "🦀", "\u0000\u001f\u007f\u2028", "\"\\/"]

pick = random.Random(SEED)


def text():
    if pick.random() < 0.5:
        return pick.choice(TEXTS)
    return "".join(chr(pick.choice([pick.randrange(0xD800), pick.randrange(0xE000, 0x110000)]))
                   for _ in range(pick.randrange(12)))


def deep(levels):
    inner = value(levels)
    for _ in range(levels):
        inner = pick.choice([[inner], {pick.choice(KEYS): inner}])
    return inner


def large():
    """What is long or wide: above the lengths at which readers take another way."""
    return pick.choice([
        lambda: text() * 5000,
        lambda: pick.randbytes(70_000),
        lambda: [pick.choice(INTEGERS) for _ in range(3000)],
        lambda: {f"k{n}": None for n in range(3000)},
        lambda: deep(100),
    ])()


def value(depth=0):
    kind = pick.randrange(10 if depth < 5 else 7)
    if kind == 0:
        return None
    if kind == 1:
        return pick.random() < 0.5
    if kind == 2:
        return pick.choice([*INTEGERS, pick.randrange(-(2**63), 2**63)])
    if kind == 3:
        return pick.choice([*FLOATS, struct.unpack(">d", pick.randbytes(8))[0]])
    if kind == 4:
        return pick.randbytes(pick.randrange(20))
    if kind in (5, 6):
        return text()
    if kind == 7:
        return [value(depth + 1) for _ in range(pick.randrange(5))]
    if kind == 8:
        return tuple(value(depth + 1) for _ in range(pick.randrange(3)))
    return {pick.choice([*KEYS, text()]): value(depth + 1) for _ in range(pick.choice([0, 1, 1, 2, 4]))}


def ask(frame):
    """The answer's type and payload, as bytes."""
    sys.stdout.buffer.write(frame)
    sys.stdout.buffer.flush()
    header = sys.stdin.buffer.read(HEADER_SIZE)
    _, _, length = BinaryProtocol.decode_header(header)
    payload = sys.stdin.buffer.read(length)
    kind, request_id, decoded = BinaryProtocol.decode_message(header + payload)
    assert request_id == struct.unpack(">Q", frame[8:16])[0], request_id
    return kind, payload, decoded


def check_values():
    for number in range(VALUES):
        args = [value() for _ in range(pick.randrange(4))]
        if number % 100 == 0:
            args.append(large())
        frame = BinaryProtocol.encode_request(pick.randrange(2**64), "app", "echo", args, {})
        kind, payload, decoded = ask(frame)
        assert kind == "response", (number, args, decoded)
        # As it would be without another NaN's bits, of which JSON knows nothing.
        expected = TLVEncoder.decode_full(TLVEncoder.encode({"result": args}))
        assert repr(decoded) == repr(expected), (number, args, decoded)
        if "nan" not in repr(args):
            assert payload == TLVEncoder.encode({"result": args}), (number, args, payload)


def number_text():
    """A number as other languages write it."""
    digits = str(pick.choice([0, pick.randrange(10), pick.randrange(10**17)]))
    fraction = pick.choice(["", "", f".{pick.randrange(10**pick.randrange(1, 20))}"])
    exponent = pick.choice(["", "", f"{pick.choice('eE')}{pick.choice(['', '+', '-'])}{pick.randrange(330)}"])
    return pick.choice(["", "-"]) + digits + fraction + exponent


def says(text):
    return ask(BinaryProtocol.encode_request(1, "app", "say", [text], {}))


def for_json(spoken):
    """The same without what JSON, or an app's JSON, has no words for."""
    if isinstance(spoken, (list, tuple)):
        return [for_json(item) for item in spoken]
    if isinstance(spoken, dict):
        # Neither key that an escape could have, nor one that Python's JSON spells in its own way.
        return {str(key).replace("$", "S"): for_json(item) for key, item in spoken.items()}
    if isinstance(spoken, bytes) or isinstance(spoken, float) and not abs(spoken) < float("inf"):
        return None
    return spoken


def check_said():
    for number in range(SAID):
        if number % 4 == 0:
            said = f"[{number_text()}, {number_text()}]"
        else:
            spoken = for_json(value() if number % 100 else large())
            said = json.dumps(spoken, ensure_ascii=pick.random() < 0.5, indent=pick.choice([None, 1]))
        expected = json.loads(said)
        kind, payload, decoded = says(said)
        assert kind == "response", (number, said, decoded)
        assert payload == TLVEncoder.encode({"result": expected}), (number, said, decoded)
    for too_long in TOO_LONG:
        kind, _, decoded = says(f"[{too_long}]")
        assert kind == "error" and "64 bits" in decoded["error"]["message"], decoded
        try:
            BinaryProtocol.encode_request(1, "app", "echo", [too_long], {})
        except Exception:
            continue
        raise AssertionError(f"gunicorn sends {too_long}")


def decoded_by_gunicorn(payload):
    try:
        message = TLVEncoder.decode_full(payload)
    except DirtyProtocolError:
        return None
    if not isinstance(message, dict):
        return None
    message = {"args": [], "kwargs": {}} | message
    kinds = {"app_path": str, "action": str, "args": list, "kwargs": dict}
    return message if all(isinstance(message.get(k), t) for k, t in kinds.items()) else None


def damaged(payload):
    """Changes, drops or adds a few bytes, mostly such as mean something."""
    changed = bytearray(payload)
    for _ in range(pick.choice([1, 1, 2])):
        at = pick.randrange(len(changed))
        code = pick.choice([0, 1, 5, 6, 0x10, 0x11, 0x20, 0x21, pick.randrange(256)])
        what = pick.randrange(4)
        if what < 2:
            changed[at] = code
        elif what == 2:
            del changed[at]
        else:
            changed.insert(at, code)
    return bytes(changed)


def check_damaged():
    accepted = 0
    for number in range(DAMAGED):
        message = {"app_path": "app", "action": "echo", "args": [value()], "kwargs": {"k": value()}}
        payload = damaged(TLVEncoder.encode(message))
        expected = decoded_by_gunicorn(payload)
        frame = BinaryProtocol.encode_header(1, number, len(payload)) + payload
        kind, _, decoded = ask(frame)
        if expected is None:
            assert kind == "error", (number, payload, decoded)
            assert decoded["error"]["error_type"] == "DirtyProtocolError", decoded
        else:
            accepted += 1
            assert kind == "response", (number, payload, decoded)
            assert repr(decoded["result"]) == repr(expected["args"]), (number, payload, decoded)
    assert DAMAGED / 20 < accepted < DAMAGED, f"{accepted} were sound after all"


check_values()
check_said()
check_damaged()
print(f"compared {VALUES + SAID + DAMAGED} messages", file=sys.stderr)
