"""Summaries and action items of a transcript."""
