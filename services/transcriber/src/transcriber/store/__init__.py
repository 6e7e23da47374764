"""The tables of the transcriber, one class a concept; all SQL is here."""
