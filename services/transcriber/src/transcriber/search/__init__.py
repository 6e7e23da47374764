"""Search over everything that a workspace holds, by text and by meaning."""
