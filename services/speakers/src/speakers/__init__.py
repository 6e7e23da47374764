"""Profiles of speakers, what is known of their voices, and whose voice is whose."""
