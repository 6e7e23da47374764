"""Growth of the running product over time, under a steady load."""
