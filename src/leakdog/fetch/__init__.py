"""Edges to the targets: HTTP, metrics pages, local processes. Bytes and numbers in, no judgement."""
