"""Transcriptions, jobs and the queue (api); speech recognition (worker)."""
