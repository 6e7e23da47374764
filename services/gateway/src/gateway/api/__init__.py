"""The documented JSON API: parameters and answers, and the calls behind them."""
