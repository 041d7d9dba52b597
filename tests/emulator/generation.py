"""A client that nobody here wrote: openapi-python-client's, from the vendor's contract.

The generator lives in an environment of its own, in the user's cache, keyed by its version; the client is
made anew for each test. It can't read the contract as it is: :func:`readable` changes what it must, openly.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["environment", "generate", "readable"]

VERSION = "0.29.1"
Schema = dict[str, Any]


def environment() -> Path:
    """The Python of the generator's environment, made where there is none yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pulumi-chroma-sync"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache / "openapi-python-client" / f"{VERSION}-python{python}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = tempfile.mkdtemp(prefix="making-", dir=folder.parent)
        subprocess.run([sys.executable, "-m", "venv", making], check=True)
        pip = [f"{making}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"openapi-python-client=={VERSION}"], check=True)
        try:
            # In one step: an interrupted run leaves no half of it, and of two at once one wins.
            os.rename(making, folder)
        except OSError:
            shutil.rmtree(making)
    return folder / "bin" / "python"


def generate(contract: Schema, folder: Path) -> str:
    """The client as the package ``sync_client`` in a folder; answers what the generator said."""
    document = folder / "contract.json"
    document.write_text(json.dumps(readable(contract)), encoding="utf-8")
    config = folder / "generator.json"
    # By default it would format the code with a tool that is not there.
    config.write_text('{"post_hooks": []}')
    command = [str(environment()), "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--config", str(config)]
    command += ["--path", str(document), "--output-path", str(folder / "sync_client")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def readable(contract: Schema) -> Schema:
    """The contract with what the generator can't read, or reads into something wrong, written otherwise."""
    document = copy.deepcopy(contract)
    schemas, paths = document["components"]["schemas"], document["paths"]
    # Two schemas are named and not defined.
    schemas["OrderBy"] = {"type": "string", "enum": ["ASC", "DESC"]}
    schemas["SourceTypeFilter"] = {"type": "string", "enum": ["github", "web_scrape", "s3", "file_upload"]}
    # A query can't hold an object.
    for parameter in paths["/api/v1/invocations"]["get"]["parameters"]:
        if parameter["name"] == "status":
            parameter["schema"] = {"type": "string"}
    # The list of sources is typed as invocations by mistake.
    listed = paths["/api/v1/sources"]["get"]["responses"]["200"]["content"]["application/json"]
    listed["schema"] = {"type": "array", "items": {"$ref": "#/components/schemas/Source"}}
    # allOf of a oneOf is written out: one object for each kind, and each with a name.
    for name in ("CreateSourcePayload", "Source"):
        _written_out(schemas, name)
    # The same for the two objects among the states of a run: they need names.
    for place, variant in enumerate(schemas["JobStatus"]["oneOf"]):
        if variant["type"] == "object":
            [(state, fields)] = variant["properties"].items()
            schemas[f"{state}_details"] = fields
            variant["properties"][state] = {"$ref": f"#/components/schemas/{state}_details"}
            schemas[f"{state}_status"] = variant
            schemas["JobStatus"]["oneOf"][place] = {"$ref": f"#/components/schemas/{state}_status"}
    # A string and an object can't be one value; what all kinds have in common is left.
    schemas["IndexJobMetadata"] = schemas["IndexJobMetadata"]["allOf"][1]
    for unused in ("IndexJobMetadataKind", "SourceType"):
        del schemas[unused]
    # Jobs that are spelt out again would get names that are taken.
    schemas["Vec"]["items"] = schemas["HashMap"]["additionalProperties"] = {
        "$ref": "#/components/schemas/Job"
    }
    return document


def _written_out(schemas: Schema, name: str) -> None:
    common = schemas[name]["allOf"][1]
    variants = []
    for variant in schemas["SourceType"]["oneOf"]:
        [(kind, fields)] = variant["properties"].items()
        schemas[f"{kind}_fields"] = fields
        schemas[f"{name}_{kind}"] = {
            "type": "object",
            "required": [kind, *common["required"]],
            "properties": {kind: {"$ref": f"#/components/schemas/{kind}_fields"}, **common["properties"]},
        }
        variants.append({"$ref": f"#/components/schemas/{name}_{kind}"})
    schemas[name] = {"oneOf": variants}
