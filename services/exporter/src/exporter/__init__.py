"""Documents and summaries of finished transcripts."""
