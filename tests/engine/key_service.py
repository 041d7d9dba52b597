"""A key service for the stacks' secrets, as teams have one; it speaks what the engine asks of Vault.

Of a passphrase the engine derives the key anew in each command: 0.12 s of CPU, of 0.65 for an `up` of nothing
(measured). Stacks with a passphrase are those of the quickstart.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from chroma_sync_emulator.server import Server, listen

__all__ = ["PROVIDER", "key_service"]

PROVIDER = "hashivault://tests"
"""For ``pulumi stack init --secrets-provider``."""


def _app() -> Starlette:
    wrapped: dict[str, str] = {}

    async def encrypt(request: Request) -> JSONResponse:
        key = f"vault:v1:{secrets.token_hex()}"
        wrapped[key] = (await request.json())["plaintext"]
        return JSONResponse({"data": {"ciphertext": key}})

    async def decrypt(request: Request) -> JSONResponse:
        return JSONResponse({"data": {"plaintext": wrapped[(await request.json())["ciphertext"]]}})

    methods = ["PUT", "POST"]
    return Starlette(
        routes=[
            Route("/v1/transit/encrypt/tests", encrypt, methods=methods),
            Route("/v1/transit/decrypt/tests", decrypt, methods=methods),
        ]
    )


@contextmanager
def key_service() -> Iterator[Mapping[str, str]]:
    """Run one; gives the environment in which the engine finds it."""
    listener, url = listen("127.0.0.1", 0)
    server = Server(_app())
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    server.ready.wait()
    try:
        yield {"VAULT_SERVER_URL": url, "VAULT_SERVER_TOKEN": "of the tests"}
    finally:
        server.stop()
        thread.join()
