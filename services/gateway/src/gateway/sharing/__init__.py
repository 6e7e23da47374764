"""Shares and links: opening of links, and the grantees of shares."""
