"""Names of speakers, and the clips behind them."""
