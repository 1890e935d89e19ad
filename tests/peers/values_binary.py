"""Values of the binary dialect that JSON does not have, and what the dialect cannot say.

The host serves `demo`, and `speaks_json`, which returns and emits the JSON that it is given.
"""

import socket

from gunicorn.dirty.errors import DirtyAppError, DirtyError, DirtyProtocolError
from gunicorn.dirty.protocol import BinaryProtocol

from checks import APP, SOCKET, client, echo, raises, raises_async, run, status

SPEAKER = "speaks_json"
MIB = 1 << 20


def same(c, value):
    """Unlike `echo`, tells -0.0 from 0.0 and True from 1, and knows NaN."""
    echoed = c.execute(APP, "echo", value)["args"][0]
    assert repr(echoed) == repr(value), repr(echoed)[:200]


def check_integers_of_64_bits_are_exact():
    with client() as c:
        for value in [2**53 + 1, 2**63 - 1, -(2**63), 255, -1, True, False]:
            same(c, value)


def check_an_integer_that_does_not_fit_is_the_callers_error():
    with client() as c:
        for digits in [2**63, -(2**63) - 1, 10**100]:
            error = raises(DirtyAppError, c.execute, SPEAKER, "result", f"[{digits}]")
            assert "does not fit into 64 bits" in error.message, error.message
            assert (error.app_path, error.action) == (SPEAKER, "result")
            error = raises(DirtyAppError, lambda: list(c.stream(SPEAKER, "chunk", str(digits))))
            assert "does not fit into 64 bits" in error.message, error.message
        for json in ['{"$blob": 0}', r'"\ud800"', '{"$float": 0}']:
            raises(DirtyAppError, lambda: list(c.stream(SPEAKER, "chunk", json)))
        assert status()["app_status"][SPEAKER]["restarts"] == 0, "none of this is a trap"
        assert c.execute(SPEAKER, "result", str(2**63 - 1)) == 2**63 - 1


def check_numbers_that_are_not_finite():
    with client() as c:
        for value in [float("nan"), float("inf"), float("-inf"), -0.0]:
            same(c, value)
            same(c, {"deep": [value]})
        said = c.execute(SPEAKER, "result", '[1e999, {"$float": "-inf"}]')
        assert said == [float("inf"), float("-inf")]
        assert list(c.stream(SPEAKER, "chunk", '{"$float": "inf"}')) == [float("inf")]


def check_bytes():
    with client(timeout=300) as c:
        for value in [b"", b"\x00\xff", bytes(range(256)), {"a": [b"x", {"b": b"y"}]}]:
            echo(c, value)
        for size in [MIB, 16 * MIB]:
            echo(c, b"\xff" * size)


def check_objects_that_look_like_escapes():
    with client() as c:
        for value in [
            {"$blob": 0},
            {"$blob": b"x"},
            {"$$blob": {"$float": "nan"}},
            {"$float": {"$float": 1.5}},
            {"$blob": 0, "$float": 1},
            {"$bytes": "AA=="},
        ]:
            echo(c, value)


def check_an_escape_that_names_nothing_is_the_callers_error():
    with client() as c:
        for json in ['{"$blob": 0}', '{"$blob": "x"}', '{"$float": "NaN"}']:
            error = raises(DirtyAppError, c.execute, SPEAKER, "result", json)
            assert "$blob" in error.message or "$float" in error.message, error.message
        assert c.execute(SPEAKER, "result", '{"$$blob": 0}') == {"$blob": 0}


def check_what_python_turns_into_something_else():
    with client() as c:
        assert c.execute(APP, "echo", (1, (2,)))["args"] == [[1, [2]]]
        assert c.execute(APP, "echo", {1: "a", None: "b"})["args"] == [{"1": "a", "None": "b"}]


def check_text_that_is_no_unicode_is_the_callers_error():
    with client() as c:
        error = raises(DirtyAppError, c.execute, SPEAKER, "result", r'"\ud800"')
        assert "surrogate" in error.message, error.message


def answer_to(frame):
    """What the host says to these bytes, and whether it then closes the connection."""
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(60)
        raw.connect(SOCKET)
        raw.sendall(frame)
        reply = BinaryProtocol.read_message(raw)
        assert reply["type"] == "error", reply
        error = DirtyError.from_dict(reply["error"])
        assert type(error) is DirtyProtocolError, error
        try:
            BinaryProtocol.write_message(raw, {"type": "status", "id": 3})
            closed = raw.recv(1) == b""
        except OSError:
            closed = True
        return reply["id"], error.message, closed


def check_frames_that_make_no_sense():
    sound = BinaryProtocol.encode_request(9, APP, "echo")
    for frame, request_id, message, closed in [
        (b"GD\x02" + sound[3:], 0, "Unsupported protocol version: 2", True),
        (b"GD\x01\x77" + sound[4:], 0, "Unknown message type: 0x77", True),
        (BinaryProtocol.encode_header(1, 9, 64 * MIB + 1), 0, "too large", True),
        (BinaryProtocol.encode_end(9), 9, "Unknown message type: end", False),
        (BinaryProtocol.encode_header(1, 9, 0), 9, "lacks `app_path`", False),
        (BinaryProtocol.encode_header(1, 9, len(sound) - 15) + sound[16:] + b"\0", 9,
         "Trailing data", False),
    ]:
        found = answer_to(frame)
        assert found[0] == request_id and message in found[1] and found[2] is closed, found


async def check_errors_async():
    async with client() as c:
        error = await raises_async(DirtyAppError, c.execute_async(SPEAKER, "result", str(2**64)))
        assert "does not fit into 64 bits" in error.message, error.message
        stream = c.stream_async(SPEAKER, "chunk", '[{"$float": "nan"}]')
        assert [repr(chunk) async for chunk in stream] == ["[nan]"]


run(globals())
