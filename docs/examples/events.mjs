// Prints events as they happen, and those of the last week.
//     npm ci && node events.mjs NATS_URL PROTOS [SUBJECT]
// PROTOS is the directory `protos` of the project.
import { resolve } from "node:path";

import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import protobuf from "protobufjs";

const [url, protos, subject = "securetranscribe.events.v1.>"] = process.argv.slice(2);

const root = new protobuf.Root();
// Google's types for HTTP, which events do not have, are left out.
protobuf.parse('syntax = "proto3"; package google.api; message HttpBody {}', root);
root.resolvePath = (_, path) => (path.startsWith("google/api/") ? null : resolve(protos, path));
await root.load("securetranscribe/v1/event.proto", { keepCase: true });
const Event = root.lookupType("securetranscribe.v1.Event");

const { host, username, password } = new URL(url);
const connection = await connect({ servers: host, user: username, pass: decodeURIComponent(password) });
// An ordered consumer notices gaps and fetches what is missing.
const consumer = await jetstream(connection).consumers.get("EVENTS", { filter_subjects: subject });
for await (const message of await consumer.consume()) {
  const event = Event.decode(message.data);
  const data = Event.toObject(event, { longs: Number, enums: String, oneofs: true });
  // The name of the field that has the data.
  console.log(`${data.data}\t${JSON.stringify(data)}`);
}
