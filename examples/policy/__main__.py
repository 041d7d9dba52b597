"""A policy pack for Chroma Sync: no AWS keys in the program, a limit for every crawl, databases that stay."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

SOURCE, SET, DATABASE = (
    f"pulumi-python:dynamic/chroma-sync:{name}" for name in ("Source", "SourceSet", "Database")
)


def sources(args: ResourceValidationArgs) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What a resource declares as sources, each with the beginning of its path.

    A set keeps a source without outputs in it as a text of JSON, and merges a kind's fields field by field.
    """
    if args.resource_type == SOURCE:
        yield "", args.props
    elif args.resource_type == SET:
        for key, own in (args.props.get("sources") or {}).items():
            own = json.loads(own) if isinstance(own, str) else own
            kinds = {
                kind: {**(args.props.get(kind) or {}), **own[kind]}
                for kind in ("s3", "web_scrape")
                if own.get(kind)
            }
            yield f'sources["{key}"].', {**own, **kinds}


def no_inline_aws_keys(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Chroma holds the keys; a program names them by their id."""
    for path, source in sources(args):
        if {"aws_access_key_id", "aws_secret_access_key"} & (source.get("s3") or {}).keys():
            report(f"{path}s3: give aws_credential_id in place of AWS keys")


def page_limit(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Web pages are charged each."""
    most = int(args.get_config().get("most", 1000))
    for path, source in sources(args):
        web = source.get("web_scrape")
        limit = web.get("page_limit") if web else None
        if web and not 0 < (limit or 0) <= most:
            got = "none" if limit is None else f"{limit:,.0f}"
            report(f"{path}web_scrape.page_limit: give 1 to {most:,} (got {got})")


def protected_databases(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """A database, and what stands in one that is named, goes away only after somebody has said so twice."""
    named = args.get_config().get("databases", [])
    database = args.props.get("database_name")
    if args.resource_type == DATABASE or (args.resource_type in (SOURCE, SET) and database in named):
        if not args.opts.protect:
            report("opts: give protect=True")


PolicyPack(
    name="chroma-sync",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy(
            name="no-inline-aws-keys",
            description="Buckets are read with credentials that Chroma holds.",
            validate=no_inline_aws_keys,
        ),
        ResourceValidationPolicy(
            name="page-limit",
            description="Every crawl has a limit that somebody has thought about.",
            validate=page_limit,
            config_schema=PolicyConfigSchema(properties={"most": {"type": "integer", "default": 1000}}),
        ),
        ResourceValidationPolicy(
            name="protected-databases",
            description="What people rely on is protected.",
            validate=protected_databases,
            config_schema=PolicyConfigSchema(
                properties={"databases": {"type": "array", "items": {"type": "string"}, "default": []}}
            ),
        ),
    ],
)
