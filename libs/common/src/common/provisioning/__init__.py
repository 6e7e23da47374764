"""Prepares the servers for the services: roles and schemas, buckets, streams."""
