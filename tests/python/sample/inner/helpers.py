"""A module of the app's own, in a package below it."""


class Unhappy(ValueError):
    """An error class of the app's own."""


def divide(dividend, divisor):
    try:
        return dividend / divisor
    except ZeroDivisionError as error:
        raise Unhappy(f"cannot divide {dividend}") from error
