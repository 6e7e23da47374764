"""Benchmarks of accuracy, speed and memory, compared with plain scripts over the same models."""
