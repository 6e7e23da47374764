// Prints events as they happen, and those of the last week.
//
//	go mod tidy && go run . NATS_URL PROTOS [SUBJECT]
//
// PROTOS is the directory `protos` of the project.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/bufbuild/protocompile"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	// Google's types for HTTP, which the contracts import.
	_ "google.golang.org/genproto/googleapis/api/annotations"
	_ "google.golang.org/genproto/googleapis/api/httpbody"
)

const contract = "securetranscribe/v1/event.proto"

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: go run . NATS_URL PROTOS [SUBJECT]")
	}
	subject := "securetranscribe.events.v1.>"
	if len(os.Args) > 3 {
		subject = os.Args[3]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := subscribe(ctx, os.Args[1], os.Args[2], subject); err != nil {
		log.Fatal(err)
	}
}

func subscribe(ctx context.Context, url, protos, subject string) error {
	event, err := describe(ctx, protos)
	if err != nil {
		return err
	}
	connection, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer connection.Close()
	stream, err := jetstream.New(connection)
	if err != nil {
		return err
	}
	// An ordered consumer notices gaps and fetches what is missing.
	consumer, err := stream.OrderedConsumer(ctx, "EVENTS", jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{subject},
	})
	if err != nil {
		return err
	}
	consuming, err := consumer.Consume(func(message jetstream.Msg) { show(event, message) })
	if err != nil {
		return err
	}
	defer consuming.Stop()
	<-ctx.Done()
	return nil
}

// describe compiles the contract and returns the description of an event.
func describe(ctx context.Context, protos string) (protoreflect.MessageDescriptor, error) {
	sources := protocompile.CompositeResolver{
		&protocompile.SourceResolver{ImportPaths: []string{protos}},
		protocompile.ResolverFunc(func(path string) (protocompile.SearchResult, error) {
			found, err := protoregistry.GlobalFiles.FindFileByPath(path)
			if err != nil {
				return protocompile.SearchResult{}, err
			}
			return protocompile.SearchResult{Desc: found}, nil
		}),
	}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(sources)}
	files, err := compiler.Compile(ctx, contract)
	if err != nil {
		return nil, err
	}
	return files[0].Messages().ByName("Event"), nil
}

// show prints one event as a line: the name of the field that has the data, a tab, and the event as JSON.
func show(description protoreflect.MessageDescriptor, message jetstream.Msg) {
	event := dynamicpb.NewMessage(description)
	if err := proto.Unmarshal(message.Data(), event); err != nil {
		log.Printf("not an event: %v", err)
		return
	}
	data := event.WhichOneof(description.Oneofs().ByName("data"))
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(event)
	if err != nil || data == nil {
		log.Printf("an event of a later version: %v", err)
		return
	}
	fmt.Printf("%s\t%s\n", data.Name(), text)
}
