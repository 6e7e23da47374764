"""Uploads: a multipart body on one side, a gRPC stream on the other, nothing in between."""
