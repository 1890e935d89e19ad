"""The text app for browsers, with Flask: a synchronous application, for gunicorn.

    gunicorn --worker-class gthread --workers 2 --threads 8 flask_app:app
"""

import itertools
import re

from flask import Flask, Response, abort, jsonify, request
from gunicorn.dirty import DirtyError, get_dirty_client

import shared
import sse
from http_errors import http_body, http_headers, http_status
from text_host import APP, CLIENT_TIMEOUT, UPLOAD_BYTES_MAX, health

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = UPLOAD_BYTES_MAX


def client():
    """This thread's client. It connects at its first call, and again after an error."""
    return get_dirty_client(timeout=CLIENT_TIMEOUT)


def integer(name, default):
    """A number in the query string. (Flask's `type=int` takes the default for what is none.)"""
    try:
        return int(request.args.get(name, default))
    except ValueError:
        abort(400, f"{name} is no integer")


def binary(data):
    """A response of raw bytes."""
    return Response(data, mimetype="application/octet-stream")


@app.errorhandler(DirtyError)
def dirty_error(error):
    """Any error of the host that a view does not handle."""
    return jsonify(http_body(error)), http_status(error), http_headers(error)


@app.post("/compress")
def compress():
    """The body as a gzip file."""
    level = integer("level", 6)
    return binary(client().execute(APP, "compress", request.get_data(), level=level))


@app.post("/decompress")
def decompress():
    """What is in a gzip file."""
    return binary(client().execute(APP, "decompress", request.get_data()))


@app.get("/complete")
def complete():
    """The words that follow a prompt: as events, or with stream=false as one JSON object."""
    options = {"max_tokens": integer("max_tokens", 50)}
    if "seed" in request.args:
        options["seed"] = integer("seed", 0)
    host = client()
    # gunicorn's client does not notice in `stream` that the host has been restarted since its last
    # call, so a stream begins with a connection of its own.
    host.close()
    words = host.stream(APP, "complete", request.args.get("prompt", ""), **options)
    if request.args.get("stream") == "false":
        return jsonify(text="".join(words))
    # Up to the first word an error can still have an HTTP status.
    first = list(itertools.islice(words, 1))
    response = Response(events(first, words), mimetype=sse.MEDIA_TYPE, headers=sse.HEADERS)
    # Runs when the response has ended, or the browser has left. Then the closed connection tells
    # the host to end the stream, and the rest of it cannot meet this thread's next call.
    response.call_on_close(host.close)
    return response


def events(first, rest):
    """Words as server-sent events."""
    try:
        for word in itertools.chain(first, rest):
            yield sse.word_event(word)
    except DirtyError as error:
        yield sse.error_event(error)
    else:
        yield sse.END


@app.get("/similar")
def similar():
    """The sentences most like a text; what was asked before comes out of the stash."""
    text, limit = request.args.get("text", ""), integer("limit", 5)
    key = shared.result_key("similar", text, limit)
    found = shared.recall(key)
    if found is not None:
        return jsonify(found), 200, {"X-Cache": "hit"}
    found = client().execute(APP, "similar", text, limit=limit)
    shared.keep(key, found)
    return jsonify(found), 200, {"X-Cache": "miss"}


def checked(name):
    """A counter's name."""
    return name if re.match(shared.NAME_PATTERN, name) else abort(400, "no name for a counter")


@app.post("/hits/<name>")
def hit(name):
    """Counts a hit."""
    shared.hit(checked(name))
    return jsonify(hits=shared.hits(name))


@app.get("/hits/<name>")
def hits(name):
    """The hits of all applications together."""
    return jsonify(hits=shared.hits(checked(name)))


@app.get("/health")
def check():
    """Whether the app can serve."""
    return health()
