"""Templates of owners: text in a layout of their own."""
