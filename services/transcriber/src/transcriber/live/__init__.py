"""Live sessions: text while a recording is made."""
