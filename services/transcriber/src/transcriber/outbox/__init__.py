"""Transactional outbox: messages published at least once after a commit."""
