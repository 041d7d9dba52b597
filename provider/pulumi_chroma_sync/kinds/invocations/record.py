"""What the state holds of many runs. All of it is state format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_chroma_sync.api.invocation_replies import OVER

from .model import INPUTS

__all__ = ["Runs"]


@dataclass
class Runs:
    """The run of each object, as far as is known.

    Attributes:
        ids: object key -> the service's id of its run.
        statuses: object key -> status, of those that are not complete.
        failures: object key -> why it isn't indexed as declared.
        collection: that they write.
    """

    ids: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    collection: str = ""

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Runs:
        """As the state has it."""
        return cls(
            dict(outputs.get("invocation_ids") or {}),
            dict(outputs.get("statuses") or {}),
            dict(outputs.get("failures") or {}),
            str(outputs.get("collection_name") or ""),
        )

    def note(self, key: str, run_id: str, status: str) -> None:
        """The run of an object, and how it is."""
        self.ids[key] = run_id
        if status == "complete":
            self.statuses.pop(key, None)
        else:
            self.statuses[key] = status

    def drop(self, key: str) -> None:
        """The program no longer has this object."""
        for table in (self.ids, self.statuses, self.failures):
            table.pop(key, None)

    @property
    def unfinished(self) -> list[str]:
        """Objects whose run was under way when the state heard of it last."""
        return [key for key, status in self.statuses.items() if status not in OVER]

    def outputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """For the state, beside the inputs."""
        declared = {name: inputs[name] for name in INPUTS if inputs.get(name) is not None}
        return {
            **declared,
            "invocation_ids": self.ids,
            "statuses": self.statuses,
            "failures": self.failures,
            "collection_name": self.collection,
        }
