"""Chroma Sync sources as Pulumi resources."""
