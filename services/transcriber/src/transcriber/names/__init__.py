"""Names of speakers: assignments, suggestions, decisions, and clips."""
