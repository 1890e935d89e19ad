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

from checks import APP, SOCKET, raises, run


def own(table):
    """A name that no other peer uses, which may check the same host at this moment."""
    return f"{table} of {APP}"


def check_values_of_every_kind():
    values = [
        None, True, False, 0, -1, 2**63 - 1, -(2**63), 0.1, -1e300, float("inf"), "", "größe \U0001f600",
        b"", b"\0\xff" * 1000, [], {}, [1, [2, [3]]], {"a": {"b": [None, b"c"]}},
        {"$blob": 0}, {"$$float": "nan", "$bytes": ""}, {"error": "key_not_found"}, "x" * 1_000_000,
    ]
    for number, value in enumerate(values):
        stash.put(own("kinds"), f"v{number}", value)
    for number, value in enumerate(values):
        got = stash.get(own("kinds"), f"v{number}")
        assert got == value and type(got) is type(value), (value, got)
    stash.put(own("kinds"), "nan", float("nan"))
    nan = stash.get(own("kinds"), "nan")
    assert nan != nan
    stash.put(own("kinds"), "tuple", (1, 2))
    assert stash.get(own("kinds"), "tuple") == [1, 2]


def check_keys_and_patterns():
    for key in ("user:2", "user:1", "admin", "größe"):
        stash.put(own("keys"), key, key)
    assert stash.keys(own("keys")) == ["user:2", "user:1", "admin", "größe"]
    assert stash.keys(own("keys"), "user:*") == ["user:2", "user:1"]
    assert stash.keys(own("keys"), pattern="user:[!1]") == ["user:2"]
    assert stash.keys(own("keys"), "gr??e") == ["größe"]
    assert stash.keys(own("keys"), "") == stash.keys(own("keys"))
    assert stash.keys(own("no such table")) == []
    assert stash.delete(own("keys"), "admin") is True
    assert stash.delete(own("keys"), "admin") is False
    assert stash.delete(own("no such table"), "k") is False


def check_tables():
    stash.ensure(own("tables"))
    stash.ensure(own("tables"))
    assert stash.info(own("tables")) == {"size": 0, "table": own("tables")}
    stash.put(own("tables"), "k", 1)
    assert stash.info(own("tables"))["size"] == 1
    assert own("tables") in stash.tables()
    assert stash.exists(own("tables")) is True
    assert stash.exists(own("tables"), "k") is True
    assert stash.exists(own("tables"), "l") is False
    stash.clear(own("tables"))
    assert stash.info(own("tables"))["size"] == 0
    stash.delete_table(own("tables"))
    assert stash.exists(own("tables")) is False
    assert own("tables") not in stash.tables()
    stash.delete_table(own("tables"))
    stash.clear(own("tables"))


def check_a_table_like_a_dict():
    sessions = stash.table(own("sessions"))
    assert isinstance(sessions, StashTable) and sessions.name == own("sessions")
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
        error = raises(StashKeyNotFoundError, client._execute, 2, own("errors"), "k")
        assert (error.table_name, error.key) == (own("errors"), "k")
        error = raises(StashTableNotFoundError, client.info, own("errors"))
        assert error.table_name == own("errors")
        error = raises(StashError, client.put, own("errors"), "k" * 2000, 1)
        assert type(error) is StashError and "1024" in str(error)
        error = raises(StashError, client._execute, 13, own("errors"))
        assert type(error) is StashError
        assert client.tables() is not None


def check_clients_in_many_threads():
    failures = []

    def work(number):
        try:
            for index in range(50):
                stash.put(own("threads"), f"{number}:{index}", index)
                assert stash.get(own("threads"), f"{number}:{index}") == index
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert stash.info(own("threads"))["size"] == 400
    assert len(stash.keys(own("threads"), "3:*")) == 50


run(globals())
