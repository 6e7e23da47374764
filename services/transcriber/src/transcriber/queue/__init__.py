"""The queue: jobs from their start to their end, and the workers."""
