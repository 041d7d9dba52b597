"""What the handbook says: python ask.py COLLECTION QUESTION, with nothing but Chroma's own client."""

import os
import sys
from urllib.parse import urlsplit

import chromadb

name, question = sys.argv[1:]
api = urlsplit(os.environ.get("CHROMA_API_URL", "https://api.trychroma.com"))
client = chromadb.CloudClient(
    api_key=os.environ["CHROMA_API_KEY"],
    database=os.environ["CHROMA_DATABASE"],
    cloud_host=str(api.hostname),
    cloud_port=api.port or 443,
    enable_ssl=api.scheme == "https",
)

# The collection knows its embedding function, so the client embeds the question as the run did the chunks.
found = client.get_collection(name).query(query_texts=[question], n_results=2)
documents, metadatas = found["documents"] or [[]], found["metadatas"] or [[]]
passages = [
    f"[{metadata['path']}]\n{document.strip()}"
    for document, metadata in zip(documents[0], metadatas[0], strict=True)
]

# This is what a language model is asked; which one is up to you.
print("Answer from these passages alone, and name the file.\n")
print("\n\n".join(passages))
print(f"\nQuestion: {question}")
