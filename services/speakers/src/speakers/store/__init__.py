"""Repositories: one class per table, each bound to one transaction."""
