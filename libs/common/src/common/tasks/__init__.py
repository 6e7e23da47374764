"""Work that travels: how a worker takes a task from the queue, keeps it, and settles it."""
