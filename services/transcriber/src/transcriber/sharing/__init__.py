"""Sharing of transcriptions with users, workspaces, and by links."""
