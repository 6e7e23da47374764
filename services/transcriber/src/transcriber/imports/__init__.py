"""Imports of existing transcripts: parsers of their formats, and their place in the history."""
