"""The tables, each behind a class that works within one transaction."""
