"""Provisioning of the servers: roles and schemas, buckets, streams."""
