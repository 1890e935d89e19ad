"""Tables of values that all workers, all apps and all clients share: gunicorn's `stash`.

Each operation is a round trip to the host and is done at once or not at all. `put(…, ttl=…)`,
`increment` and `compare_and_swap` are beyond gunicorn.
"""

from dirty_guest import tables as _tables

from .errors import DirtyError

_ABSENT = object()


class StashError(DirtyError):
    """The host did not do it; the message says why."""


class StashTableNotFoundError(StashError):
    """There is no such table."""

    def __init__(self, table_name):
        super().__init__(f"Stash table not found: {table_name}")
        self.table_name = table_name


class StashKeyNotFoundError(StashError):
    """There is no such key in the table."""

    def __init__(self, table_name, key):
        super().__init__(f"Key not found in {table_name}: {key}")
        self.table_name = table_name
        self.key = key


def _done(operation, *arguments):
    """Has the host do something."""
    try:
        return operation(*arguments)
    except _tables.Refused as refused:
        raise StashError(str(refused)) from None


def _key(key):
    """A key as a text: whole numbers may be keys, too."""
    if isinstance(key, str):
        return key
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    raise TypeError(f"a key of the stash is a string or a whole number, not {type(key).__name__}")


def put(table, key, value, ttl=None):
    """Keeps a value under a key; for `ttl` seconds, if that is given. Makes the table."""
    _done(_tables.put, table, _key(key), value, ttl)


def get(table, key, default=None):
    """The value under a key."""
    return _done(_tables.get, table, _key(key), default)


def delete(table, key):
    """Removes a key; whether it was there."""
    return _done(_tables.delete, table, _key(key))


def keys(table, pattern=None):
    """A list of a table's keys, or those that a glob pattern fits; empty if there is no such table."""
    # As in gunicorn an empty pattern is none.
    return _done(_tables.keys, table, pattern or None)


def clear(table):
    """Removes all keys of a table."""
    _done(_tables.clear, table)


def info(table):
    """`{"size": …, "table": …}`. Raises `StashTableNotFoundError`."""
    size = _done(_tables.size, table)
    if size is None:
        raise StashTableNotFoundError(table)
    return {"size": size, "table": table}


def ensure(table):
    """Makes a table, if there is none."""
    _done(_tables.ensure, table)


def exists(table, key=None):
    """Whether there is a table or, with a key, that key in it."""
    if key is None:
        return _done(_tables.has_table, table)
    return _done(_tables.exists, table, _key(key))


def delete_table(table):
    """Removes a table and all that is in it."""
    _done(_tables.delete_table, table)


def tables():
    """The names of all tables."""
    return _done(_tables.tables)


def increment(table, key, delta=1):
    """Adds to the whole number under a key, where none counts as 0; the sum."""
    return _done(_tables.increment, table, _key(key), delta)


def compare_and_swap(table, key, expected, value, ttl=None):
    """Puts `value` if what is there is `expected`; whether it was. `None` is that nothing is there."""
    return _done(_tables.compare_and_swap, table, _key(key), expected, value, ttl)


def table(name):
    """A table that looks like a dict."""
    return StashTable(StashClient(), name)


class StashClient:
    """The same operations as methods. In a component there is no connection to be made or closed."""

    def __init__(self, socket_path=None, timeout=30.0):
        self.socket_path = socket_path
        self.timeout = timeout

    put = staticmethod(put)
    get = staticmethod(get)
    delete = staticmethod(delete)
    keys = staticmethod(keys)
    clear = staticmethod(clear)
    info = staticmethod(info)
    ensure = staticmethod(ensure)
    exists = staticmethod(exists)
    delete_table = staticmethod(delete_table)
    tables = staticmethod(tables)
    increment = staticmethod(increment)
    compare_and_swap = staticmethod(compare_and_swap)

    def table(self, name):
        """A table that looks like a dict."""
        return StashTable(self, name)

    def close(self):
        """Nothing is open."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class StashTable:
    """A table that looks like a dict. What it returns is a copy: put a changed value back."""

    def __init__(self, client, name):
        self._client = client
        self._name = name

    @property
    def name(self):
        """The table's name."""
        return self._name

    def __getitem__(self, key):
        value = self._client.get(self._name, key, _ABSENT)
        if value is _ABSENT:
            raise KeyError(key)
        return value

    def __setitem__(self, key, value):
        self._client.put(self._name, key, value)

    def __delitem__(self, key):
        if not self._client.delete(self._name, key):
            raise KeyError(key)

    def __contains__(self, key):
        return self._client.exists(self._name, key)

    def __iter__(self):
        return iter(self._client.keys(self._name))

    def __len__(self):
        return self._client.info(self._name)["size"]

    def get(self, key, default=None):
        """The value under a key."""
        return self._client.get(self._name, key, default)

    def keys(self, pattern=None):
        """A list of the keys, or those that a glob pattern fits."""
        return self._client.keys(self._name, pattern)

    def clear(self):
        """Removes all keys."""
        self._client.clear(self._name)

    def items(self):
        """Keys and values in turn; a key that has gone meanwhile is left out."""
        for key in self._client.keys(self._name):
            value = self._client.get(self._name, key, _ABSENT)
            if value is not _ABSENT:
                yield key, value

    def values(self):
        """The values, as `items` has them."""
        for _, value in self.items():
            yield value
