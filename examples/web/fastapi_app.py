"""The text app for browsers, with FastAPI: an asynchronous application, for uvicorn.

    uvicorn --workers 2 fastapi_app:app
"""

from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Path, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from gunicorn.dirty import DirtyClient, DirtyError, get_dirty_client_async
from starlette.concurrency import run_in_threadpool

import shared
import sse
from http_errors import http_body, http_headers, http_status
from text_host import APP, CLIENT_TIMEOUT, UPLOAD_BYTES_MAX, health

app = FastAPI(title="text")

CounterName = Annotated[str, Path(pattern=shared.NAME_PATTERN)]


async def connection():
    """This request's client, closed when the response has ended or the browser has left.

    gunicorn keeps a client per context, and each request has a context of its own. Nobody would
    close it but us: asyncio keeps an open connection alive.
    """
    client = await get_dirty_client_async(timeout=CLIENT_TIMEOUT)
    try:
        yield client
    finally:
        # Tells the host to end a stream that is under way.
        await client.close_async()


Client = Annotated[DirtyClient, Depends(connection)]


@app.exception_handler(DirtyError)
async def dirty_error(_request: Request, error: DirtyError):
    """Any error of the host that an endpoint does not handle."""
    return JSONResponse(http_body(error), http_status(error), http_headers(error))


async def upload(request: Request):
    """The raw body, if it is not too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > UPLOAD_BYTES_MAX:
            raise HTTPException(413, "the upload is too large")
    return bytes(body)


Upload = Annotated[bytes, Depends(upload)]


def binary(data):
    """A response of raw bytes."""
    return Response(data, media_type="application/octet-stream")


@app.post("/compress")
async def compress(client: Client, data: Upload, level: int = 6):
    """The body as a gzip file."""
    return binary(await client.execute_async(APP, "compress", data, level=level))


@app.post("/decompress")
async def decompress(client: Client, data: Upload):
    """What is in a gzip file."""
    return binary(await client.execute_async(APP, "decompress", data))


@app.get("/complete")
async def complete(
    client: Client,
    prompt: str = "",
    max_tokens: int = 50,
    seed: int | None = None,
    stream: bool = True,
):
    """The words that follow a prompt: as events, or with stream=false as one JSON object."""
    words = client.stream_async(APP, "complete", prompt, max_tokens=max_tokens, seed=seed)
    if not stream:
        return {"text": "".join([word async for word in words])}
    # Up to the first word an error can still have an HTTP status.
    first = await anext(words, None)
    return StreamingResponse(
        events(first, words), media_type=sse.MEDIA_TYPE, headers=sse.HEADERS
    )


async def events(first, rest):
    """Words as server-sent events; `first` is None if there is no word."""
    try:
        if first is not None:
            yield sse.word_event(first)
        async for word in rest:
            yield sse.word_event(word)
    except DirtyError as error:
        yield sse.error_event(error)
    else:
        yield sse.END


@app.get("/similar")
async def similar(client: Client, text: str = "", limit: int = 5):
    """The sentences most like a text; what was asked before comes out of the stash."""
    key = shared.result_key("similar", text, limit)
    found = await run_in_threadpool(shared.recall, key)
    if found is not None:
        return JSONResponse(found, headers={"X-Cache": "hit"})
    found = await client.execute_async(APP, "similar", text, limit=limit)
    await run_in_threadpool(shared.keep, key, found)
    return JSONResponse(found, headers={"X-Cache": "miss"})


# Functions that are not `async` run in a thread, which is what the blocking stash needs.


@app.post("/hits/{name}")
def hit(name: CounterName):
    """Counts a hit."""
    shared.hit(name)
    return {"hits": shared.hits(name)}


@app.get("/hits/{name}")
def hits(name: CounterName):
    """The hits of all applications together."""
    return {"hits": shared.hits(name)}


@app.get("/health")
def check():
    """Whether the app can serve."""
    body, status = health()
    return JSONResponse(body, status)
