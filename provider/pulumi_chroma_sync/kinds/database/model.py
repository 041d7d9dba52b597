"""What a program may say of a database, field by field: types and bounds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pulumi_chroma_sync.kinds.source.model import Name

__all__ = ["INPUTS", "DatabaseInputs"]


def _checked_tenant(value: str) -> str:
    # It is a part of a path, and of the resource's id.
    if "/" in value or value in (".", "..") or not value.isprintable():
        raise ValueError("can't be the name of a tenant; the dashboard shows yours")
    return value


class DatabaseInputs(BaseModel):
    """What a program declares: the name and the tenant, and what the API never sees."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    name: Name
    tenant: Annotated[str, Field(min_length=1), AfterValidator(_checked_tenant)] | None = None
    on_conflict: Literal["error", "adopt"] | None = None
    force_destroy: bool | None = None
    protected: bool | None = None
    connection: Any = None


INPUTS = tuple(DatabaseInputs.model_fields)
"""Names of everything that a program passes; ``protected`` says that the resource has Pulumi's own option."""
