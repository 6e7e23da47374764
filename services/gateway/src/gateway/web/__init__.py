"""HTTP: the application, what wraps it, and how its answers look."""
