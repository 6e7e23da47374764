import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import * as sdk from "securetranscribe-js";
import { failure, serve, success } from "./server.mjs";

const data = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 251));

/** Return a server that keeps one upload, and lets `trouble` answer instead of it. */
async function uploads(t, trouble = () => undefined) {
  const kept = { bytes: Buffer.alloc(0), metadata: "" };
  const state = () =>
    success({
      upload_id: "u1",
      size: data.length,
      offset: kept.bytes.length,
      state: kept.bytes.length === data.length ? "completed" : "receiving",
      transcription_id: kept.bytes.length === data.length ? 4 : null,
      error: null,
    });
  const server = await serve(t, (request, number) => {
    const instead = trouble(request, number, kept);
    if (instead) return instead;
    if (request.method === "POST") {
      assert.equal(request.headers["upload-length"], String(data.length));
      kept.metadata = request.headers["upload-metadata"];
      return { ...state(), status: 201 };
    }
    if (request.method === "GET") return state();
    const digest = createHash("sha256").update(request.body).digest("base64");
    assert.equal(request.headers["upload-checksum"], `sha256 ${digest}`);
    assert.equal(request.headers["upload-offset"], String(kept.bytes.length));
    assert.equal(request.headers["tus-resumable"], "1.0.0");
    kept.bytes = Buffer.concat([kept.bytes, request.body]);
    return { status: 204 };
  });
  return { ...server, kept };
}

test("a file is sent in pieces", async (t) => {
  const { client, kept } = await uploads(t);
  const progress = [];
  const created = [];
  const upload = await client.uploadResumable(new File([data], "Größe.wav"), {
    language: "en",
    pieceBytes: 400,
    onCreated: (id) => created.push(id),
    onProgress: (stored, size) => progress.push([stored, size]),
  });
  assert.deepEqual([upload.transcriptionId, upload.state], [4, "completed"]);
  assert.deepEqual(kept.bytes, data);
  assert.deepEqual(created, ["u1"]);
  assert.deepEqual(progress, [0, 400, 800, 1000].map((stored) => [stored, 1000]));
  const told = kept.metadata.split(",").map((field) => {
    const [name, value] = field.split(" ");
    return [name, Buffer.from(value, "base64").toString()];
  });
  assert.deepEqual(told, [
    ["filename", "Größe.wav"],
    ["auto_start", "false"],
    ["language", "en"],
  ]);
});

test("it goes on after drops, and where the server is", async (t) => {
  let patches = 0;
  const { client, kept } = await uploads(t, ({ method, body }, _, kept) => {
    if (method !== "PATCH") return undefined;
    patches += 1;
    if (patches === 1) return { drop: true };
    if (patches !== 2) return undefined;
    // The bytes arrive and the answer does not.
    kept.bytes = Buffer.concat([kept.bytes, body]);
    return failure(409, "CONFLICT", {}, { offset: kept.bytes.length });
  });
  const upload = await client.uploadResumable(new Blob([data]), { pieceBytes: 600 });
  assert.equal(upload.state, "completed");
  assert.deepEqual(kept.bytes, data);
  assert.equal(patches, 3);
});

test("another process goes on with the id", async (t) => {
  const { client, kept, requests } = await uploads(t);
  kept.bytes = data.subarray(0, 700);
  await client.uploadResumable(new Blob([data]), { uploadId: "u1" });
  assert.deepEqual(kept.bytes, data);
  assert.deepEqual(
    requests.map(({ method }) => method),
    ["GET", "PATCH", "GET"],
  );
});

test("a refused file is an error at once", async (t) => {
  const error = { code: "FILE_UPLOAD_ERROR", message: "It is not audio." };
  const refused = success({ upload_id: "u1", size: 9, offset: 0, state: "rejected", error });
  const { client } = await uploads(t, ({ method }) => (method === "GET" ? refused : undefined));
  await assert.rejects(client.uploadResumable(new Blob([data])), (caught) => {
    assert.ok(caught instanceof sdk.FileUploadError);
    assert.equal(caught.message, "It is not audio.");
    return true;
  });
});

test("it fails without progress for long", async (t) => {
  const { client } = await uploads(
    t,
    ({ method }) => (method === "PATCH" ? { drop: true } : undefined),
  );
  await assert.rejects(
    client.uploadResumable(new Blob([data]), { patience: -1 }),
    sdk.ConnectionError,
  );
});

test("a signal ends an upload, which can go on later", async (t) => {
  const controller = new AbortController();
  const { client, kept } = await uploads(t);
  const upload = client.uploadResumable(new Blob([data]), {
    pieceBytes: 300,
    signal: controller.signal,
    onProgress: (stored) => stored >= 300 && controller.abort(),
  });
  await assert.rejects(upload, { name: "AbortError" });
  assert.equal(kept.bytes.length, 300);
  await client.uploadResumable(new Blob([data]), { uploadId: "u1" });
  assert.deepEqual(kept.bytes, data);
});
