"""Reading a key that is not there, in every way in which an unmodified client does it."""

from gunicorn.dirty import stash
from gunicorn.dirty.stash import StashClient

from checks import SOCKET, run


def check_functions():
    assert stash.get("t", "missing", "default") == "default"
    assert stash.get("t", "missing") is None
    stash.ensure("t")
    assert stash.get("t", "missing", 42) == 42
    stash.put("t", "there", None)
    assert stash.get("t", "there", 42) is None


def check_a_client():
    with StashClient(SOCKET) as client:
        assert client.get("u", "missing", default=[1]) == [1]
        assert client.get("u", "missing", default=[2]) == [2]
        client.put("u", "key", 3)
        assert client.get("u", "key", default=[4]) == 3


def check_a_table_like_a_dict():
    table = stash.table("v")
    assert table.get("missing", "default") == "default"
    assert "missing" not in table
    table["key"] = "value"
    assert table.get("key", "default") == "value"


run(globals())
