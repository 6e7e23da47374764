"""The rule for releasing tasks to the workers."""

#: Tasks handed out beyond the live workers. A free worker finds one at once, and an autoscaler sees
#: demand even without workers.
AHEAD = 1


def room(*, workers: int, handed_out: int) -> int:
    """Return how many tasks of a stage may be released, given its live workers."""
    return max(0, workers + AHEAD - handed_out)
