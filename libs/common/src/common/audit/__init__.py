"""Audit log: who did what to what, from where, with which outcome, and when.

`actions` declares for every method whether its calls are entries, `call` makes the entry of a call,
and `trail` sends it to the gateway, which keeps it.
"""
