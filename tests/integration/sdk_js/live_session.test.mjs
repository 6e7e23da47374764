import assert from "node:assert/strict";
import test from "node:test";
import * as sdk from "securetranscribe-js";
import { failure, serve, success } from "./server.mjs";
import { accept, closing, event, frame, frames } from "./sockets.mjs";

const capture = (next_chunk = 0, state = "receiving") => ({
  capture_id: "c1",
  title: "",
  state,
  next_chunk,
  idle_until: "2026-01-01T00:00:00Z",
  job_id: null,
  error: null,
});
const text = (segment, sequence, text) => ({ segment, sequence, text, words: [] });
const ended = (transcription_id = 7) =>
  event("ended", { capture: capture(0, "completed"), transcription_id });
const sound = (...bytes) => new Uint8Array(bytes);

/**
 * Serve live sessions. `handlers` has the functions `first`, `chunk` and `finish`, which get a
 * connection: its number, `send`, `close` and `drop`.
 */
async function sessions(t, handlers, answer = () => success({})) {
  const served = await serve(t, answer);
  const seen = { firsts: [], chunks: [], finishes: [], urls: [] };
  accept(served.server, (stream, number, request) => {
    seen.urls.push(request.url);
    const connection = {
      number,
      send: (type, data) => stream.write(frame(1, event(type, data))),
      end: () => stream.end(Buffer.concat([frame(1, ended()), closing(1000)])),
      close: (code, error) => {
        if (error) connection.send("error", error);
        stream.end(closing(code));
      },
      drop: () => stream.destroy(),
    };
    frames(stream, (kind, content) => {
      if (kind === 2) {
        const chunk = {
          number: Number(content.readBigUInt64BE(0)),
          flags: content[8],
          data: [...content.subarray(9)],
        };
        seen.chunks.push(chunk);
        handlers.chunk?.(connection, chunk);
      }
      if (kind === 8) stream.end(frame(8, content));
      if (kind !== 1) return;
      const message = JSON.parse(content.toString());
      if (message.type === "finish") {
        seen.finishes.push(message);
        handlers.finish?.(connection, message);
      } else {
        seen.firsts.push(message);
        handlers.first(connection, message);
      }
    });
  });
  return { ...served, seen };
}

const begun = (connection, next_chunk = 0) =>
  connection.send("begun", {
    capture: capture(next_chunk),
    transcription_id: 7,
    last_sequence: 0,
  });
const acknowledged = (connection, next_chunk, missing = []) =>
  connection.send("acknowledged", { next_chunk, missing });

test("sound is sent, results arrive, and finishing returns the end", async (t) => {
  const { client, seen } = await sessions(t, {
    first: (connection) => begun(connection),
    chunk: (connection, { number }) => {
      acknowledged(connection, number + 1);
      connection.send("draft", text(1, null, "hello"));
      connection.send("final", text(1, number + 1, `hello ${number}`));
      connection.send("speaker", { segment: 1, sequence: number + 2, speaker: "Ann" });
      connection.send("lag", { text: 0.5, speakers: null });
    },
    finish: (connection) => connection.end(),
  });
  const session = client.liveSession({
    encoding: "linear16",
    sampleRate: 16_000,
    title: "Call",
    numSpeakers: 2,
  });
  const messages = [];
  for (const type of ["draft", "final", "speaker", "lag", "ended"]) {
    session.on(type, (data) => messages.push([type, data.text ?? data.speaker ?? data.transcription_id]));
  }
  session.push(sound(1, 2));
  const end = await session.finish();
  assert.deepEqual([end.transcriptionId, end.capture.state], [7, "completed"]);
  assert.deepEqual(messages, [
    ["draft", "hello"],
    ["final", "hello 0"],
    ["speaker", "Ann"],
    ["lag", 0.5],
    ["ended", 7],
  ]);
  const { request_id, ...first } = seen.firsts[0];
  assert.ok(request_id.length > 20);
  assert.deepEqual(first, {
    type: "begin",
    encoding: "linear16",
    sample_rate: 16_000,
    title: "Call",
    num_speakers: 2,
  });
  assert.deepEqual(seen.chunks, [{ number: 0, flags: 0, data: [1, 2] }]);
  assert.deepEqual(seen.finishes, [{ type: "finish", chunk_count: 1, allow_gaps: false }]);
  assert.deepEqual(seen.urls, ["/ws/live?token=token"]);
  assert.deepEqual([session.state, session.captureId, session.sequence], ["ended", "c1", 2]);
  assert.throws(() => session.push(sound(3)), /has ended/);
});

test("after a loss, what is not durable is sent again and no result comes twice", async (t) => {
  const { client, seen } = await sessions(t, {
    first: (connection, { after_sequence }) => {
      if (connection.number === 1) return begun(connection);
      assert.equal(after_sequence, 1);
      begun(connection, 1);
      connection.send("final", text(1, 1, "one"));
      connection.send("final", text(2, 2, "two"));
    },
    chunk: (connection, { number }) => {
      if (connection.number === 2) return acknowledged(connection, number + 1);
      if (number < 2) return undefined;
      connection.send("final", text(1, 1, "one"));
      acknowledged(connection, 1);
      // The messages before arrive, unlike those after.
      return setTimeout(() => connection.drop(), 50);
    },
    finish: (connection) => connection.end(),
  });
  const session = client.liveSession({ encoding: "webm_opus" });
  const finals = [];
  const states = [];
  session.on("final", ({ text }) => finals.push(text));
  session.on("state", (state) => {
    states.push(state);
    if (state === "lost") session.push(sound(3), { startsStream: true });
  });
  for (const byte of [0, 1, 2]) session.push(sound(byte));
  assert.equal(session.waitingBytes, 3);
  while (!states.includes("lost")) await new Promise((resolve) => setTimeout(resolve, 5));
  await session.finish();
  assert.deepEqual(finals, ["one", "two"]);
  assert.deepEqual(states, ["open", "lost", "open", "ended"]);
  assert.deepEqual(
    seen.chunks.map(({ number, flags }) => [number, flags]),
    [[0, 0], [1, 0], [2, 0], [1, 0], [2, 0], [3, 1]],
  );
  assert.deepEqual(seen.firsts[1], { type: "resume", capture_id: "c1", after_sequence: 1 });
  assert.deepEqual([seen.finishes.length, seen.finishes[0].chunk_count], [1, 4]);
  assert.equal(session.waitingBytes, 0);
});

test("a session whose beginning got lost begins under the same request id", async (t) => {
  const { client, seen } = await sessions(t, {
    first: (connection) => (connection.number === 1 ? connection.drop() : begun(connection)),
    chunk: (connection) => acknowledged(connection, 1),
    finish: (connection) => connection.end(),
  });
  const session = client.liveSession({ encoding: "webm_opus" });
  session.push(sound(1));
  await session.finish();
  assert.equal(seen.firsts.length, 2);
  assert.deepEqual(seen.firsts[0], seen.firsts[1]);
});

test("another process goes on with the id, and gets all results", async (t) => {
  const { client, seen } = await sessions(t, {
    first: (connection) => {
      begun(connection, 5);
      connection.send("final", text(1, 1, "before"));
    },
    chunk: (connection) => acknowledged(connection, 6),
    finish: (connection, { allow_gaps }) => {
      if (allow_gaps) return connection.end();
      acknowledged(connection, 6, [3]);
      return connection.send("notice", { code: "chunks_missing", message: "Missing." });
    },
  });
  const session = client.liveSession({ captureId: "c1" });
  const finals = [];
  session.on("final", ({ text }) => finals.push(text));
  session.push(sound(1));
  await session.finish();
  assert.deepEqual(seen.firsts, [{ type: "resume", capture_id: "c1", after_sequence: 0 }]);
  assert.deepEqual([seen.chunks[0].number, finals], [5, ["before"]]);
  // Chunk 3 was of the first process, and is lost with it.
  assert.deepEqual(
    seen.finishes.map(({ chunk_count, allow_gaps }) => [chunk_count, allow_gaps]),
    [[6, false], [6, true]],
  );
});

test("large sound is divided, and only a part of it is on its way at a time", async (t) => {
  let underway = 0;
  let most = 0;
  const { client, seen } = await sessions(t, {
    first: (connection) => begun(connection),
    chunk: (connection, { number }) => {
      most = Math.max(most, ++underway);
      setTimeout(() => {
        underway -= 1;
        acknowledged(connection, number + 1);
      }, 1);
    },
    finish: (connection) => connection.end(),
  });
  const session = client.liveSession({ encoding: "linear16", sampleRate: 48_000 });
  const size = 6 * 1024 * 1024;
  session.push(new Uint8Array(size).fill(9), { startsStream: true });
  await session.drained();
  assert.ok(session.waitingBytes <= 4 * 1024 * 1024);
  await session.finish();
  const sizes = seen.chunks.map(({ data }) => data.length);
  assert.equal(sizes.reduce((sum, one) => sum + one, 0), size);
  assert.ok(Math.max(...sizes) + 9 <= 65_536);
  assert.ok(sizes.slice(0, -1).every((one) => one % 8 === 0));
  assert.deepEqual(seen.chunks.slice(0, 2).map(({ flags }) => flags), [1, 0]);
  assert.ok(most <= 32, `${most}`);
});

test("refusals end the session with their reason", async (t) => {
  const cases = [
    [1008, "VALIDATION_ERROR", sdk.ValidationError],
    [4401, "AUTHENTICATION_ERROR", sdk.AuthenticationError],
    [4409, "LOCKED", sdk.LockedError],
  ];
  for (const [close, code, Class] of cases) {
    const { client, seen } = await sessions(t, {
      first: (connection) => connection.close(close, { code, message: "No.", details: { field: "x" } }),
    });
    const session = client.liveSession({ encoding: "linear16" });
    await assert.rejects(session.done, (error) => {
      assert.ok(error instanceof Class);
      assert.deepEqual([error.code, error.message, error.details], [code, "No.", { field: "x" }]);
      return true;
    });
    assert.throws(() => session.push(sound(1)), Class);
    assert.deepEqual([session.state, seen.firsts.length], ["ended", 1]);
  }
});

test("a server that restarts is connected to at once", async (t) => {
  const { client, seen } = await sessions(t, {
    first: (connection) => {
      begun(connection);
      if (connection.number === 1) connection.close(1012);
    },
    chunk: (connection) => acknowledged(connection, 1),
    finish: (connection) => connection.end(),
  });
  const session = client.liveSession({ encoding: "webm_opus" });
  session.push(sound(1));
  await session.finish();
  assert.deepEqual(seen.firsts.map(({ type }) => type), ["begin", "resume"]);
});

test("an end at the server ends it here", async (t) => {
  const { client } = await sessions(t, {
    first: (connection) => {
      begun(connection);
      connection.send("ended", { capture: capture(0, "discarded"), transcription_id: null });
    },
  });
  const session = client.liveSession({ encoding: "webm_opus" });
  const end = await session.done;
  assert.deepEqual([end.transcriptionId, end.capture.state], [null, "discarded"]);
});

test("a token that is not valid is found out", async (t) => {
  const { client, server } = await serve(t, () => failure(401, "AUTHENTICATION_ERROR"));
  server.on("upgrade", (_, stream) => stream.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"));
  const session = client.liveSession({ encoding: "webm_opus" });
  await assert.rejects(session.done, sdk.AuthenticationError);
});

test("aborting disconnects, and finishing without sound discards", async (t) => {
  let dropped;
  const gone = new Promise((resolve) => (dropped = resolve));
  const { client, server, requests } = await sessions(t, { first: (connection) => begun(connection) });
  server.on("connection", (stream) => stream.on("close", dropped));
  const reason = new Error("enough");
  const controller = new AbortController();
  const { signal } = controller;
  const session = client.liveSession({ encoding: "webm_opus", signal });
  session.on("begun", () => controller.abort(reason));
  await assert.rejects(session.done, (error) => error === reason);
  await gone;
  assert.equal(requests.length, 0);
  const early = client.liveSession({ encoding: "webm_opus", signal });
  await assert.rejects(early.finish(), (error) => error === reason);

  const silent = client.liveSession({ encoding: "webm_opus" });
  await assert.rejects(silent.finish(), /no sound/);
  while (!requests.length) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([requests[0].method, requests[0].url], ["DELETE", "/api/captures/c1"]);
});
