"""This provider, a resource for each source."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from .on_pulumi import OnPulumi

__all__ = ["OneByOne"]


class OneByOne(OnPulumi):
    """``Source``."""

    name = "source"
    title = "`Source`"
    about = "this provider, a resource for each source"
    program = "source.py"

    @classmethod
    def versions(cls) -> Mapping[str, str]:
        """The package's own, too."""
        return {**super().versions(), "pulumi-chroma-sync": version("pulumi-chroma-sync")}
