"""Keys of stored objects, under those of workspaces, under that of the deployment."""
