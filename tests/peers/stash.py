"""The stash through an unmodified client: functions, and tables that look like dicts."""

import threading

from gunicorn.dirty import stash
from gunicorn.dirty.stash import (
    StashClient,
    StashError,
    StashKeyNotFoundError,
    StashTable,
    StashTableNotFoundError,
)

from checks import SOCKET, raises, run


def check_values_of_every_kind():
    values = [
        None, True, False, 0, -1, 2**63 - 1, -(2**63), 0.1, -1e300, float("inf"), "", "größe \U0001f600",
        b"", b"\0\xff" * 1000, [], {}, [1, [2, [3]]], {"a": {"b": [None, b"c"]}},
        {"$blob": 0}, {"$$float": "nan", "$bytes": ""}, {"error": "key_not_found"}, "x" * 1_000_000,
    ]
    for number, value in enumerate(values):
        stash.put("kinds", f"v{number}", value)
    for number, value in enumerate(values):
        got = stash.get("kinds", f"v{number}")
        assert got == value and type(got) is type(value), (value, got)
    stash.put("kinds", "nan", float("nan"))
    nan = stash.get("kinds", "nan")
    assert nan != nan
    stash.put("kinds", "tuple", (1, 2))
    assert stash.get("kinds", "tuple") == [1, 2]


def check_keys_and_patterns():
    for key in ("user:2", "user:1", "admin", "größe"):
        stash.put("keys", key, key)
    assert stash.keys("keys") == ["user:2", "user:1", "admin", "größe"]
    assert stash.keys("keys", "user:*") == ["user:2", "user:1"]
    assert stash.keys("keys", pattern="user:[!1]") == ["user:2"]
    assert stash.keys("keys", "gr??e") == ["größe"]
    assert stash.keys("keys", "") == stash.keys("keys")
    assert stash.keys("no such table") == []
    assert stash.delete("keys", "admin") is True
    assert stash.delete("keys", "admin") is False
    assert stash.delete("no such table", "k") is False


def check_tables():
    stash.ensure("tables")
    stash.ensure("tables")
    assert stash.info("tables") == {"size": 0, "table": "tables"}
    stash.put("tables", "k", 1)
    assert stash.info("tables")["size"] == 1
    assert "tables" in stash.tables()
    assert stash.exists("tables") is True
    assert stash.exists("tables", "k") is True
    assert stash.exists("tables", "l") is False
    stash.clear("tables")
    assert stash.info("tables")["size"] == 0
    stash.delete_table("tables")
    assert stash.exists("tables") is False
    assert "tables" not in stash.tables()
    stash.delete_table("tables")
    stash.clear("tables")


def check_a_table_like_a_dict():
    sessions = stash.table("sessions")
    assert isinstance(sessions, StashTable) and sessions.name == "sessions"
    sessions["user:1"] = {"name": "Ada"}
    sessions["none"] = None
    assert sessions["user:1"] == {"name": "Ada"}
    assert sessions["none"] is None
    raises(KeyError, lambda: sessions["missing"])
    assert sessions.get("missing", "default") == "default"
    assert "user:1" in sessions and "missing" not in sessions
    assert list(sessions) == ["user:1", "none"] == sessions.keys()
    assert sessions.keys("user:*") == ["user:1"]
    assert len(sessions) == 2
    assert dict(sessions.items()) == {"user:1": {"name": "Ada"}, "none": None}
    assert list(sessions.values()) == [{"name": "Ada"}, None]
    del sessions["none"]
    raises(KeyError, sessions.__delitem__, "none")
    sessions.clear()
    assert len(sessions) == 0


def check_errors():
    with StashClient(SOCKET) as client:
        error = raises(StashKeyNotFoundError, client._execute, 2, "errors", "k")
        assert (error.table_name, error.key) == ("errors", "k")
        error = raises(StashTableNotFoundError, client.info, "errors")
        assert error.table_name == "errors"
        error = raises(StashError, client.put, "errors", "k" * 2000, 1)
        assert type(error) is StashError and "1024" in str(error)
        error = raises(StashError, client._execute, 13, "errors")
        assert type(error) is StashError
        assert client.tables() is not None


def check_clients_in_many_threads():
    failures = []

    def work(number):
        try:
            for index in range(50):
                stash.put("threads", f"{number}:{index}", index)
                assert stash.get("threads", f"{number}:{index}") == index
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert stash.info("threads")["size"] == 400
    assert len(stash.keys("threads", "3:*")) == 50


run(globals())
