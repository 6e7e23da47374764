"""The parts of an Office Open XML document."""
