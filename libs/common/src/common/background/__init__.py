"""Background steps over users' data, with every item isolated from the others."""
