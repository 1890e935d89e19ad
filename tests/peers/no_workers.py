"""A host whose only app has no workers at all."""

from gunicorn.dirty.errors import DirtyError

from checks import APP, client, raises, raises_async, run


def check_base_class():
    with client() as c:
        error = raises(DirtyError, c.execute, APP, "fib", 1)
        assert "No dirty workers available" in error.message, error.message


async def check_base_class_async():
    async with client() as c:
        error = await raises_async(DirtyError, c.execute_async(APP, "fib", 1))
        assert "No dirty workers available" in error.message, error.message


run(globals())
