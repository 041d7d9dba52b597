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
    """How the emulator behaves where the contract leaves it open, and where tests want it to be difficult.

    Each field is an option of the command too, whose help is the text below it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    unique: Literal["identity", "content", "never"] = "identity"
    """What gives 409 on creating a source: same kind and target, all fields equal, or nothing."""

    invocations: Literal["timed", "instant", "manual"] = "timed"
    """What moves invocations: time, their creation, or the control API alone."""

    pending_seconds: Seconds = 0.5
    """Seconds that a timed invocation is pending."""

    processing_seconds: Seconds = 1.0
    """Seconds that a timed invocation is processing, before it is complete."""

    max_uploads: Annotated[int, Field(ge=0)] = 4
    """Uploads of one tenant at once; one more is answered with 429."""

    max_sources: Annotated[int, Field(ge=0)] | None = None
    """Sources that a tenant may have; one more is over the quota. None: any number."""

    github_apps: list[str] | None = None
    """GitHub apps that there are; another app_id is answered with 404. None: there is each."""

    statuses: Literal["contract", "strict"] = "contract"
    """Statuses of refusals: the contract's, or also 413, 415, 422 as the vendor's other services have."""

    integers: Literal["strict", "lenient"] = "strict"
    """Whether 8192.0 is refused where the contract says integer, or taken as 8192."""

    defaults: Literal["plain", "filled"] = "plain"
    """What answers have where a source was declared without a field: null, or a default of the service."""

    normalise: Literal["off", "on"] = "off"
    """Whether sources are kept and answered in a spelling of the service's own, or as they were sent."""

    read_lag: Seconds = 0.0
    """Seconds that reading a source and the list are behind what was written."""

    page_cap: Annotated[int, Field(ge=1)] | None = None
    """The most that a page of a list holds, whatever its limit. None: as many as the limit says."""

    async_delete: Seconds = 0.0
    """Seconds that a deleted source is still there; its deletion is answered with 202 then."""

    linger: Seconds = 0.0
    """Seconds that a deleted source is still in the list, while reading it is 404."""

    delete_while_running: Literal["allowed", "refused"] = "allowed"
    """Whether a source with a run that is not over can be deleted, or that is 409."""
