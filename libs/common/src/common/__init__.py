"""Code shared by all SecureTranscribe services. Import its modules directly."""
