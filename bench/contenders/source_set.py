"""This provider, one resource for all sources."""

from __future__ import annotations

import pulumi_chroma_sync

from .on_pulumi import OnPulumi

__all__ = ["Together"]


class Together(OnPulumi):
    """``SourceSet``."""

    name = "set"
    title = "`SourceSet`"
    about = "this provider, one resource for all sources"
    program = "source_set.py"
    most = 10_000

    @classmethod
    def missing(cls) -> str | None:
        """Where this version has none."""
        if not hasattr(pulumi_chroma_sync, "SourceSet"):
            return "this version of the package has no `SourceSet`"
        return super().missing()
