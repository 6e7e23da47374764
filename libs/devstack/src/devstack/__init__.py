"""SecureTranscribe on one machine: embedded servers from package wheels, services as processes."""
