"""Requests and answers of the transcriber's RPCs."""
