"""Pure logic of the transcriber, without protobuf, SQL, NATS or S3."""
