module securetranscribe-examples

go 1.24

require (
	github.com/bufbuild/protocompile v0.14.1
	github.com/nats-io/nats.go v1.55.0
	google.golang.org/genproto/googleapis/api v0.0.0-20261110000943-09e21b237f2c
	google.golang.org/protobuf v1.36.12
)
