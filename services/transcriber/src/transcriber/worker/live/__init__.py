"""Recognition of speech while it is spoken."""
