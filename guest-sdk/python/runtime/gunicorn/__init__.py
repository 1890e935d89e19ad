"""In a component: what of gunicorn an app needs, its `gunicorn.dirty`. Everything else is not there."""

# The release whose interface this is.
version_info = (27, 0, 1)
__version__ = ".".join(map(str, version_info))
