"""Hostile input for the running product, and the book of its answers."""
