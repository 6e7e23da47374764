"""Audit log of the deployment: stored, kept for a time, read and exported."""
