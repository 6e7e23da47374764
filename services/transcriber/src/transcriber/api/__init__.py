"""RPCs of the transcriber: servicers, requests and responses."""
