"""This provider, one resource for all sources."""

from __future__ import annotations

from .on_pulumi import OnPulumi

__all__ = ["Together"]


class Together(OnPulumi):
    """``SourceSet``."""

    name = "set"
    title = "`SourceSet`"
    about = "this provider, one resource for all sources"
    program = "source_set.py"
    most = 10_000
