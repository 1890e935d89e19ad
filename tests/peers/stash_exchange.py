"""A value that a client of the JSON dialect has put, put again for it to read."""

from gunicorn.dirty import stash

from checks import run


def check_a_value_of_the_other_dialect():
    value = stash.get("json", "k")
    assert value == {"text": "größe", "list": [1, -2.5, None, True]}
    stash.put("binary", "k", value)


run(globals())
