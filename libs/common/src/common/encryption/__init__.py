"""Encryption of stored objects: their format, and the keys protecting each other."""
