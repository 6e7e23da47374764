"""Uploads in pieces, which go on after an interruption."""
