"""The embedder process: vectors of texts, for the search by meaning."""
