"""Worker process: speech recognition for tasks and direct calls."""
