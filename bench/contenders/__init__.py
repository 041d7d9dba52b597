"""The contenders, each a file of its own, in the order of the tables."""

from __future__ import annotations

from collections.abc import Mapping

from .bare import Bare
from .contender import OPERATIONS, Contender, Operation
from .floor import Floor
from .source import OneByOne
from .source_set import Together
from .terraform import Terraform, TerraformWithoutRefresh

__all__ = ["CONTENDERS", "OPERATIONS", "Contender", "Operation"]

CONTENDERS: Mapping[str, type[Contender]] = {
    contender.name: contender
    for contender in (Floor, OneByOne, Together, Terraform, TerraformWithoutRefresh, Bare)
}
"""By their names on the command line."""
