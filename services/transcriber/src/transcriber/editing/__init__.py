"""Human edits of transcripts, as operations on an immutable machine version."""
