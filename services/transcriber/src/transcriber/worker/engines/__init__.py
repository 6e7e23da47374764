"""Recognition engines, their interface and their registry."""
