"""Background steps over users' data: one item that fails hurts only itself."""
