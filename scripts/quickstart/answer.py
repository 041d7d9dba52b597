"""What ``make up`` ends with: one question, answered from the collection that the run has filled."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
from rich.console import Console

from .place import note

__all__ = ["QUESTION", "show_answer"]

QUESTION = "When do I ask for vacation?"


def show_answer(console: Console, collection: str, database: str, service: Mapping[str, str]) -> None:
    """Ask with Chroma's own client, and print the nearest chunk and where it is from.

    Args:
        console: where to.
        collection: that is asked.
        database: of the collection.
        service: the environment variables of the emulator.
    """
    try:
        import chromadb
        from chromadb.errors import ChromaError
    except ImportError as error:
        console.print(note("answer", f"needs Chroma's client: {error}"), markup=False, soft_wrap=True)
        return
    # The client reads its embedding's key and address from there. No proxy is between it and the emulator.
    os.environ |= {**service, "ANONYMIZED_TELEMETRY": "False", "NO_PROXY": "127.0.0.1"}
    try:
        api = urlsplit(service["CHROMA_SYNC_URL"])
        client = chromadb.CloudClient(
            api_key=service["CHROMA_API_KEY"],
            database=database,
            cloud_host=str(api.hostname),
            cloud_port=api.port or 80,
            enable_ssl=False,
        )
        found = client.get_collection(collection).query(query_texts=[QUESTION], n_results=1)
    except (ChromaError, httpx.HTTPError, ValueError) as error:  # the stack is up all the same
        console.print(note("answer", f"could not be had: {error}"), markup=False, soft_wrap=True)
        return
    documents, metadatas = found["documents"] or [[]], found["metadatas"] or [[]]
    console.print(note("question", f"{QUESTION}  (collection {collection})"), markup=False, soft_wrap=True)
    for document, metadata in zip(documents[0], metadatas[0], strict=True):
        text = " ".join(document.split())
        console.print(note("answer", f"{text}  ({metadata['path']})"), markup=False, soft_wrap=True)
