"""The floor: what Pulumi's engine and its SDK cost by themselves, for a provider that only waits."""

from __future__ import annotations

from .on_pulumi import OnPulumi

__all__ = ["Floor"]


class Floor(OnPulumi):
    """See ``bench/programs/waiting.py``."""

    name = "floor"
    title = "floor"
    about = (
        "a dynamic provider that does nothing but wait one latency for each create, read and delete, with as "
        "many calls at once as ours has: the SDK's pool of 4 threads is raised to 32"
    )
    program = "floor.py"
    sends = False
