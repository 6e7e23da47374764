"""Writes with an `Idempotency-Key`, which are carried out once however often they are sent."""
