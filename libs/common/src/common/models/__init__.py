"""Models: the manifest, fetching and verification."""
