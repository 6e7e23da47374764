"""Composition of the api process out of its objects."""
