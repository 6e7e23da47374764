"""The formats a transcript can be written in, one module each; `catalogue` lists them."""
