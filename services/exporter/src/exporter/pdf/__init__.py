"""Making PDFs: what stands on the pages, and the process that sets them."""
