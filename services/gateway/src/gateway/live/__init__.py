"""Events for WebSocket clients, each handed to those whose session it concerns."""
