"""Vocabulary of a workspace: terms for the recognizer, and corrections of words heard wrongly."""
