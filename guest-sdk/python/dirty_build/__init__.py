"""Makes a component of an app in Python: `python -m dirty_build module.path:Class -o app.wasm`.

Runs on the developer's Python, 3.10 or later, and needs nothing but its standard library; what it
needs beyond that it installs into a directory of its own. See `__main__` for what callers may rely on.
"""
