"""Captures: recordings arriving while they are made."""
