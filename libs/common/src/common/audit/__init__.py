"""Audit log: actions of callers, with targets, addresses, outcomes and times.

`actions` declares for every method whether its calls are entries, `call` makes the entry of a call,
and `trail` sends it to the gateway.
"""
