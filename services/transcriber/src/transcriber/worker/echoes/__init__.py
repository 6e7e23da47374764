"""Echoes: lines of one signal that are another party heard through a loudspeaker."""
