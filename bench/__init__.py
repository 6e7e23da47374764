"""Benchmarks: accuracy, speed and memory, against plain scripts over the same models."""
