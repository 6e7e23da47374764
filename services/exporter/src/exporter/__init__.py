"""Documents from a finished transcript."""
