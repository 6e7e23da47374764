"""Webhooks: events of a workspace, sent to addresses chosen by its managers."""
