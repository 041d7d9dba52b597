"""Nothing of the user's own settings, and no session that outlives its test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pulumi_chroma_sync.session import close_sessions


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test is a process of its own, without a Chroma setting or a proxy in its environment."""
    for name in os.environ:
        if name.startswith(("CHROMA_", "SSL_CERT_")) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    yield
    close_sessions()
