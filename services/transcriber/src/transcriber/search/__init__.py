"""Search over a whole workspace, by text and by meaning."""
