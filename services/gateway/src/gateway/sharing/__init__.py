"""Shares and links: opening of links, and the people with whom things are shared."""
