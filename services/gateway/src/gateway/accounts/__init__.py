"""People who sign in, their workspaces, and the access tokens of their programs."""
