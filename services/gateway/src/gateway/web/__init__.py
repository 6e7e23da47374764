"""HTTP application, its middleware, and the form of its responses."""
