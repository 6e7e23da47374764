"""What every SecureTranscribe service shares. Import the modules; nothing is re-exported here."""
