"""Transcriptions, jobs and the queue (api), and speech recognition (worker)."""
