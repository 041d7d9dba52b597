"""``POST /embed``: what Chroma's own client asks for vectors, with ``CHROMA_EMBED_URL`` set to it.

The shapes are those of the client (chroma-core/chroma, ``chroma_cloud_qwen_embedding_function.py``). The
vectors are a stand-in's: see :mod:`.syncing.embedding`.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .core import emulator_of
from .errors import ApiError
from .parsing import parse_body
from .syncing.embedding import embed

__all__ = ["PATH", "ROUTES"]

PATH = "/embed"
"""Where it is."""


class _Texts(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)

    texts: list[str]
    instructions: str = ""


async def create_embeddings(request: Request) -> Response:
    """A vector for each text. The client shows what is in ``error`` where there are none."""
    try:
        emulator_of(request).authenticate(request)
        texts = parse_body(_Texts, await request.body()).texts
    except ApiError as error:
        return JSONResponse({"error": error.message}, error.status)
    return JSONResponse({"embeddings": await run_in_threadpool(lambda: [embed(text) for text in texts])})


ROUTES = (Route(PATH, create_embeddings, methods=["POST"]),)
