"""An account that is there already: `existing.py` is what `pulumi-chroma-sync import` has written."""

from importlib import import_module
from importlib.util import find_spec

import pulumi

import pulumi_chroma_sync as chroma_sync

# Nothing is declared until the import has been run.
if find_spec("existing") is not None:
    declared = vars(import_module("existing")).values()
    sources = [each for each in declared if isinstance(each, chroma_sync.Source)]
    pulumi.export("source_ids", [source.source_id for source in sources])
