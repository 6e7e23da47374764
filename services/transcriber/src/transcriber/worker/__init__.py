"""The worker process: speech recognition for tasks and for direct calls."""
