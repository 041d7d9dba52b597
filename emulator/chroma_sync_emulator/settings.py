"""What can be set when the emulator starts, and changed while it runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DEFAULT_DATABASE", "DEMO_KEY", "MAX_UPLOAD_BYTES", "Settings"]

DEMO_KEY = "emulator-demo-key"
"""The API key where none is given at start. It opens nothing but the emulator."""

DEFAULT_DATABASE = "demo"
"""The database where none is given at start."""

MAX_UPLOAD_BYTES = 209_715_200
"""The largest file of an upload: 200 MiB (API contract)."""

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class Settings(BaseModel):
    """How the emulator behaves where the contract leaves it open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unique: Literal["identity", "content", "never"] = "identity"
    """What gives 409 on creating a source: the same kind and target, all fields equal, or nothing."""

    invocations: Literal["timed", "instant", "manual"] = "timed"
    """What moves an invocation: time, its own creation, or the control API alone."""

    pending_seconds: Seconds = 0.5
    """Seconds that a timed invocation is pending."""

    processing_seconds: Seconds = 1.0
    """Seconds that a timed invocation is processing, before it is complete."""

    max_uploads: Annotated[int, Field(ge=0)] = 4
    """Uploads of one tenant at once; one more is answered with 429."""
