"""Deterministic simulation of the queue, the dispatcher and the autoscaler in virtual time."""
