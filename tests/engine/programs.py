"""Programs of the tests, one of each kind of source, and what the API should hold after an up."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

__all__ = ["GITHUB", "KINDS", "S3", "S3_KEYS", "WEB", "Kind", "program"]


def program(*resources: str) -> str:
    """A program with these resources, each a whole statement; every name is exported by hand."""
    head = "import pulumi\nimport pulumi_chroma_sync as chroma_sync\n\n"
    return head + "\n".join(textwrap.dedent(resource).strip() + "\n" for resource in resources)


@dataclass(frozen=True)
class Kind:
    """One kind of source in a program.

    Attributes:
        name: of the kind, as the API spells it.
        source: the statement that declares it, with every field.
        fields: what the API must hold of what was declared.
        old: a text in the statement, and
        new: what to put in its place to change one field.
        changed: the property that then causes the replacement.
    """

    name: str
    source: str
    fields: dict[str, Any]
    old: str
    new: str
    changed: str

    @property
    def text(self) -> str:
        """The whole program."""
        return program(
            self.source,
            'pulumi.export("source_id", docs.source_id)',
            'pulumi.export("chunking", docs.effective_chunking)',
            'pulumi.export("embedding", docs.effective_embedding)',
        )

    def named(self, name: str) -> str:
        """The statement under another name, for a program of several sources."""
        return self.source.replace("docs = ", f"{name} = ").replace('"docs"', f'"{name}"')


GITHUB = Kind(
    name="github",
    source="""
    docs = chroma_sync.Source(
        "docs",
        database_name="demo",
        github={"repository": "acme/handbook", "app_id": "12", "include_globs": ["**/*.md", "*.txt"]},
        chunking={"type": "tree_sitter", "max_size_bytes": 8192},
        embedding={
            "dense": {"model": "Qwen/Qwen3-Embedding-0.6B", "task": {"task_name": "generic_retrieval"}},
            "sparse": {"model": "Chroma/BM25", "key": "bm25"},
        },
    )
    """,
    fields={
        "github": {"repository": "acme/handbook", "app_id": "12", "include_globs": ["**/*.md", "*.txt"]},
        "chunking": {"type": "tree_sitter", "max_size_bytes": 8192},
        "embedding": {
            "dense": {
                "model": "Qwen/Qwen3-Embedding-0.6B",
                "task": {
                    "task_name": "generic_retrieval",
                    "document_prompt": None,
                    "query_prompt": None,
                },
            },
            "sparse": {"model": "Chroma/BM25", "key": "bm25"},
        },
    },
    old='"repository": "acme/handbook"',
    new='"repository": "acme/wiki"',
    changed="github",
)

WEB = Kind(
    name="web_scrape",
    source="""
    docs = chroma_sync.Source(
        "docs",
        web_scrape={
            "starting_url": "https://docs.acme.com/",
            "page_limit": 200,
            "max_depth": 3,
            "include_path_regexes": ["^/guide"],
            "exclude_path_regexes": ["^/guide/old", "/print$"],
        },
        chunking={"type": "lines", "max_lines": 20, "max_size_bytes": 4096},
    )
    """,
    fields={
        "web_scrape": {
            "starting_url": "https://docs.acme.com/",
            "page_limit": 200,
            "max_depth": 3,
            "include_path_regexes": ["^/guide"],
            "exclude_path_regexes": ["^/guide/old", "/print$"],
        },
        "chunking": {"type": "lines", "max_lines": 20, "max_size_bytes": 4096},
    },
    old='"max_depth": 3',
    new='"max_depth": 4',
    changed="web_scrape",
)

S3 = Kind(
    name="s3",
    source="""
    docs = chroma_sync.Source(
        "docs",
        s3=chroma_sync.S3Args(
            bucket_name="acme-files",
            region="eu-west-1",
            collection_name="files",
            path_prefix="public/",
            auto_sync="direct",
            aws_credential_id=7,
        ),
    )
    """,
    fields={
        "s3": {
            "bucket_name": "acme-files",
            "region": "eu-west-1",
            "collection_name": "files",
            "path_prefix": "public/",
            "auto_sync": "direct",
            "aws_credential_id": 7,
            "aws_access_key_id": None,
            "aws_secret_access_key": None,
        },
    },
    old='path_prefix="public/"',
    new='path_prefix="private/"',
    changed="s3",
)

KINDS = (GITHUB, WEB, S3)

S3_KEYS = """
docs = chroma_sync.Source(
    "docs",
    s3={
        "bucket_name": "acme-files",
        "region": "eu-west-1",
        "collection_name": "files",
        "aws_access_key_id": "AKIAEXAMPLE",
        "aws_secret_access_key": SECRET,
    },
)
"""
"""An S3 source with inline keys; ``SECRET`` is to be replaced by an expression."""
