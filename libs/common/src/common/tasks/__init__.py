"""Tasks on a worker: taking one from the queue, keeping it, and settling it."""
