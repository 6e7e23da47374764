"""Fuzzing of single parsers, guided by coverage."""
