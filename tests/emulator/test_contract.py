"""The emulator's own OpenAPI document against the vendor's contract, fact by fact (:mod:`.contract`)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.emulator.contract import facts, read_table

from chroma_sync_emulator.openapi import document

CONTRACT = Path(__file__).parents[3] / "shared" / "reference" / "sync.openapi.json"

SOURCE = r"(create_source body|get_source 200)"
JOB = r"(get_job 200|list_jobs 200\[\]|latest_invocations_by_keys 200\{\})"
LIST = r"(list_sources|list_jobs)"
TEXT = "bucket_name|region|aws_access_key_id|aws_secret_access_key"

DEVIATIONS: list[tuple[str, list[str], list[str]]] = [
    (
        "a schema's name was used twice, so the list of sources is typed as jobs; sources are answered",
        [r"list_sources 200\[\].*"],
        [r"list_sources 200\[\].*"],
    ),
    (
        "it reads a tenant's data as all others do",
        [r"latest_invocations_by_keys: POST \S+ without a key"],
        [r"latest_invocations_by_keys: POST \S+ with x-chroma-token"],
    ),
    (
        "a string and an object can't be one value; a merged one is written with null",
        [rf"{JOB} metadata: one of .*the string 'Unknown'.* the string 'web_scrape'.*"],
        [rf"{JOB} metadata: one of .*", rf"{JOB} metadata (Unknown|web_scrape): null"],
    ),
    (
        "OrderBy and SourceTypeFilter are named and not defined",
        [rf"{LIST} query (order_by|source_type): not defined"],
        [
            rf"{LIST} query order_by: string enum ASC DESC asc desc",
            rf"{LIST} query source_type: string enum github web_scrape s3 file_upload",
        ],
    ),
    (
        "a query can't hold an object, which a whole status may be",
        [r"list_jobs query status( .*)?: .*"],
        [r"list_jobs query status: string enum pending processing complete failed cancelled"],
    ),
    (
        "the vendor's own example passes a bare name",
        [],
        [r"create_source body embedding_model: string enum Qwen/Qwen3-Embedding-0.6B"],
    ),
    (
        "file_upload sources can't be created: the contract says so in a sentence alone",
        [r"create_source body file_upload: .*", r"create_source body: one of .*\+file_upload.*"],
        [r"create_source body: one of [^|]*\+github \| [^|]*\+s3 \| [^|]*\+web_scrape"],
    ),
    (
        "guess: a field that the contract doesn't have is refused",
        [],
        [r".*: no other fields"],
    ),
    (
        "one way to name the credential, as the contract says in a sentence; guess: ids begin at 1",
        [
            rf"{SOURCE} s3 aws_credential_id: integer or null format=int32",
            r"create_source body s3 aws_\w+_key(_id)?: string or null",
            r"create_source body s3: object of .*",
        ],
        [
            rf"{SOURCE} s3 aws_credential_id: integer( or null)? format=int32 minimum=1 maximum=2147483647",
            r"create_source body s3 aws_\w+: null",
            r"create_source body s3: one of aws_access_key_id\+aws_secret_access_key\S* \| aws_cred\S+",
        ],
    ),
    (
        "guess: what a source is named by is not empty, has the form owner/name, is an http address",
        [
            rf"{SOURCE} s3 ({TEXT}): string( or null)?",
            rf"{SOURCE} (github repository|web_scrape starting_url): string",
        ],
        [
            rf"{SOURCE} s3 ({TEXT}): string( or null)? minLength=1",
            rf"{SOURCE} (github repository|web_scrape starting_url): string pattern=.*",
        ],
    ),
    (
        "an int32 ends there",
        [rf"{SOURCE} web_scrape (max_depth|page_limit): integer or null format=int32 minimum=0"],
        [rf"{SOURCE} web_scrape (max_depth|page_limit): .* format=int32 minimum=0 maximum=2147483647"],
    ),
    (
        "guess: names of objects, branches and commits are not empty",
        [
            r"create_job body (object_key|ref_identifier \w+): string( or null)?",
            rf"{JOB} metadata github git_ref_identifier (branch|sha): string",
        ],
        [
            r"create_job body (object_key|ref_identifier \w+): string.* minLength=1",
            rf"{JOB} metadata github git_ref_identifier (branch|sha): string minLength=1",
        ],
    ),
    (
        "what collections may be called is in the vendor's documentation alone",
        [
            rf"{SOURCE} s3 collection_name: string",
            r"create_job body target_collection_name: string or null",
            r"add_file body collection_name: string",
        ],
        [
            rf"{SOURCE} s3 collection_name: string pattern=.*",
            r"create_job body target_collection_name: string or null pattern=.*",
            r"add_file body collection_name: string pattern=.*",
        ],
    ),
    (
        "a collection whose ingest is finished takes no run of any kind: the vendor's documentation",
        [],
        [r"add_file answers 409: application/json, .*"],
    ),
    (
        "two modes for tests: a deletion that takes its time, and none while a run is in progress",
        [],
        [
            r"delete_source (answers )?202: (application/json|object of {})",
            r"delete_source answers 409: application/json, .*",
        ],
    ),
    (
        "guess: a page has at most 1000, and an offset fits the database",
        [rf"{LIST} query (limit|offset): integer minimum=0"],
        [
            rf"{LIST} query limit: integer minimum=0 maximum=1000",
            rf"{LIST} query offset: integer minimum=0 maximum=9223372036854775807",
        ],
    ),
]
"""Every way in which the two differ: why, which facts of the vendor's are not the emulator's, and which of
the emulator's not the vendor's. LIMITS.md says the same to users."""


def test_the_emulator_differs_from_the_contract_only_as_listed() -> None:
    """Paths, methods, keys, parameters, statuses, fields, types, enums and limits; with a reason for each."""
    vendor, emulator = read_table(), facts(document())
    missing, added = vendor - emulator, emulator - vendor
    for reason, ours_not, theirs_not in DEVIATIONS:
        for pattern, found in [(p, missing) for p in ours_not] + [(p, added) for p in theirs_not]:
            matches = {fact for fact in found if re.fullmatch(pattern, fact)}
            assert matches, f"no longer true: {reason}: {pattern}"
            found -= matches
    assert (sorted(missing), sorted(added)) == ([], [])


def test_the_list_of_sources_has_what_one_source_has() -> None:
    """What the contract's mistake leaves open."""
    found = facts(document())

    def fields(place: str) -> set[str]:
        return {fact.removeprefix(place) for fact in found if fact.startswith(place)}

    assert fields("list_sources 200[]") == fields("get_source 200")


def test_the_table_is_the_vendors_contract() -> None:
    """Fact by fact, where the vendor's own document is beside the checkout."""
    if not CONTRACT.exists():
        pytest.skip("left out: the vendor's OpenAPI document is not at ../shared/reference/sync.openapi.json")
    assert facts(json.loads(CONTRACT.read_text(encoding="utf-8"))) == read_table()
