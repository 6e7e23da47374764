"""Pages of PDF documents, and the process for typesetting them."""
