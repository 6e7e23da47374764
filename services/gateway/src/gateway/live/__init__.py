"""Live events for WebSocket clients, each delivered to the clients of its session."""
