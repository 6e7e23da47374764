"""Sessions, which own transcriptions and jobs."""
