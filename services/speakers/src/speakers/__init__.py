"""Speaker profiles, the voiceprints behind them, and recognition of known voices."""
