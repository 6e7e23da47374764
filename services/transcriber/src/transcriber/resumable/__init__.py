"""Uploads in pieces, resumable after an interruption."""
