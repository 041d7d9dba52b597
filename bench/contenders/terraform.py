"""Terraform, with the provider that makes objects of any REST API; as it comes, and at its fastest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from bench.workload import sources

from .contender import AT_ONCE, ROOT, Contender, Operation
from .restapi import MODULE, VERSION, NotBuiltError, provider

__all__ = ["Terraform", "TerraformWithoutRefresh"]

COMMANDS: Mapping[Operation, Sequence[str]] = {
    "up": ("apply", "-auto-approve"),
    "preview": ("plan",),
    "refresh": ("apply", "-refresh-only", "-auto-approve"),
    "change": ("apply", "-auto-approve"),
    "destroy": ("destroy", "-auto-approve"),
}

SETTINGS = """\
provider_installation {{
  dev_overrides {{
    "mastercard/restapi" = "{folder}"
  }}
  direct {{}}
}}
"""


class Terraform(Contender):
    """See ``bench/programs/main.tf``."""

    name = "terraform"
    title = "Terraform, restapi"
    about = "a restapi_object for each source; reads each before a plan, as Terraform does by itself"
    quick: ClassVar[Sequence[str]] = ()
    """Options of all operations but ``refresh``."""

    @classmethod
    def missing(cls) -> str | None:
        """Where there is no Terraform, or its provider can't be built."""
        if shutil.which("terraform") is None:
            return "there is no `terraform` on PATH"
        try:
            provider()
        except NotBuiltError as error:
            return str(error)
        return None

    @classmethod
    def versions(cls) -> Mapping[str, str]:
        """Terraform's and its provider's."""
        said = subprocess.run(["terraform", "version", "-json"], capture_output=True, text=True, check=True)
        return {"Terraform": json.loads(said.stdout)["terraform_version"], MODULE.rpartition("/")[2]: VERSION}

    @property
    def environment(self) -> Mapping[str, str]:
        """Settings of its own, and none of the user's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        return {
            **kept,
            "CHECKPOINT_DISABLE": "true",
            "TF_CLI_CONFIG_FILE": str(self.folder / "settings.tfrc"),
            "TF_IN_AUTOMATION": "true",
            "TF_VAR_url": self.service["CHROMA_SYNC_URL"],
            "TF_VAR_key": self.service["CHROMA_API_KEY"],
        }

    def prepare(self) -> None:
        """The configuration, and where the provider is. An overridden one needs no `terraform init`."""
        shutil.copyfile(ROOT / "bench" / "programs" / "main.tf", self.folder / "main.tf")
        text = SETTINGS.format(folder=provider().parent)
        (self.folder / "settings.tfrc").write_text(text, encoding="utf-8")

    def command(self, operation: Operation) -> Sequence[str]:
        """A command of Terraform."""
        own = () if operation == "refresh" else self.quick
        options = ("-input=false", "-no-color", f"-parallelism={AT_ONCE}", *own)
        return ["terraform", *COMMANDS[operation], *options]

    def declare(self, count: int, *, changed: bool) -> None:
        """A block for each source: with one block and ``for_each`` a thousand took minutes (tried)."""
        objects = {}
        for name, body in sources(count, changed=changed).items():
            data = json.dumps(body)
            objects[name] = {"path": "/api/v1/sources", "data": data, "force_new": [data]}
        blocks = {"resource": {"restapi_object": objects}}
        (self.folder / "sources.tf.json").write_text(json.dumps(blocks), encoding="utf-8")

    def state(self) -> Path:
        """The state file."""
        return self.folder / "terraform.tfstate"


class TerraformWithoutRefresh(Terraform):
    """Told to believe its state, as Pulumi does by itself."""

    name = "terraform-state"
    title = "Terraform, `-refresh=false`"
    about = "told with -refresh=false to believe its state, as Pulumi's preview does"
    quick = ("-refresh=false",)
