"""The files of a folder in one collection, each uploaded once for each content."""

from pathlib import Path

import pulumi

import pulumi_chroma_sync as chroma_sync

folder = Path(pulumi.Config().get("folder") or "guides")

# A name below the folder is the resource's and the document's: the folder may move, and nothing is uploaded.
names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))
guides = {
    name: chroma_sync.FileUpload(
        name,
        file=folder / name,
        filename=name,
        collection_name="guides",
        metadata={"topic": Path(name).parent.name or "general"},
        chunking={"type": "lines", "max_lines": 40, "max_size_bytes": 4096},
    )
    for name in names
}

# What has been uploaded, by name: SHA-256 of the content.
pulumi.export("uploaded", {name: guide.sha256 for name, guide in guides.items()})
