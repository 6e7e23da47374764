"""What the transcriber knows and decides; imports neither protobuf, SQL, NATS nor S3."""
