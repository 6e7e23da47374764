"""Export formats, one module each, registered in `catalog`."""
