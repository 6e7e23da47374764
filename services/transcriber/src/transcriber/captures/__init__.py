"""Captures: recordings that arrive while they are made."""
