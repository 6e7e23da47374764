"""Sessions, the owners of transcriptions and jobs."""
