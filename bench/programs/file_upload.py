"""One file, uploaded."""

import pulumi_chroma_sync as chroma_sync

chroma_sync.FileUpload("file", file="file.bin", collection_name="files")
