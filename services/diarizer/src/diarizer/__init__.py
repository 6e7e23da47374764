"""Who speaks when, and one voiceprint a speaker."""
