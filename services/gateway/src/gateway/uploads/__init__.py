"""Uploads, streamed from a multipart body to a gRPC stream without storing them."""
