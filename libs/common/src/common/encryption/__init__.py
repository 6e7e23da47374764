"""Encryption of stored objects: their format, and the keys that protect each other."""
