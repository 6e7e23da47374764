"""Audio API for clients of OpenAI's API."""
