"""Sessions: who owns transcriptions and jobs."""
