"""Recordings: upload, checks, deletion, cleanup."""
