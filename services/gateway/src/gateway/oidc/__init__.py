"""Sign-in with OpenID Connect providers, found by discovery alone."""
