"""Users, their workspaces, and the access tokens of their programs."""
