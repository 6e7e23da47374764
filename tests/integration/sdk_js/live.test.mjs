import assert from "node:assert/strict";
import test from "node:test";
import * as sdk from "securetranscribe-js";
import { serve, success } from "./server.mjs";
import { accept, event, frame } from "./sockets.mjs";

/** Return the next data of a type. */
const next = (client, type) =>
  new Promise((resolve) => {
    const end = client.on(type, (data) => {
      end();
      resolve(data);
    });
  });

const progress = (id, percentage, step = "Recognizing speech") =>
  event("job_progress", {
    transcription_id: id,
    progress_percentage: percentage,
    current_step: step,
    estimated_completion: null,
  });

test("events come as the server sends them, with the token in the address", async (t) => {
  const { client, server } = await serve(t, () => success({}));
  accept(server, (stream, _, request) => {
    assert.equal(request.url, "/ws?token=token");
    stream.write(frame(1, progress(1, 12.5)));
  });
  const data = await next(client, "job_progress");
  assert.equal(data.progress_percentage, 12.5);
  assert.equal(client.live.state, "open");
});

test("messages of all sizes and in fragments arrive, and pings are answered", async (t) => {
  const { client, server } = await serve(t, () => success({}));
  const sizes = [10, 200, 70_000];
  let heard;
  const ponged = new Promise((resolve) => (heard = resolve));
  accept(server, (stream) => {
    stream.on("data", (bytes) => (bytes[0] & 15) === 10 && heard(bytes));
    for (const size of sizes) stream.write(frame(1, progress(1, 0, "x".repeat(size))));
    const text = Buffer.from(progress(1, 0, "Größe"));
    const middle = text.indexOf("ö") + 1; // within a character
    stream.write(frame(1, text.subarray(0, middle), { final: false }));
    stream.write(frame(9, "ping"));
    const last = frame(0, text.subarray(middle));
    stream.write(last.subarray(0, 1));
    setImmediate(() => stream.write(last.subarray(1)));
  });
  const steps = [];
  await new Promise((resolve) =>
    client.on("job_progress", ({ current_step }) => {
      steps.push(current_step);
      if (steps.length === 4) resolve();
    }),
  );
  assert.deepEqual(steps.slice(0, 3).map((step) => step.length), sizes);
  assert.equal(steps[3], "Größe");
  const pong = await ponged;
  const mask = pong.subarray(2, 6);
  const content = pong.subarray(6, 10).map((byte, at) => byte ^ mask[at]);
  assert.equal(Buffer.from(content).toString(), "ping");
});

test("a lost connection is made again for the same handlers", async (t) => {
  const { client, server } = await serve(t, () => success({}));
  accept(server, (stream, number) => {
    stream.write(frame(1, progress(1, number)));
    if (number < 3) stream.end(frame(8, [0x03, 0xf4])); // 1012, a restart
  });
  const seen = [];
  const states = [];
  client.on("state", (state) => states.push(state));
  await new Promise((resolve) =>
    client.on("job_progress", (data) => {
      seen.push(data.progress_percentage);
      if (seen.length === 3) resolve();
    }),
  );
  assert.deepEqual(seen, [1, 2, 3]);
  assert.deepEqual(states, ["open", "lost", "open", "lost", "open"]);
});

test("a refused connection is tried again", async (t) => {
  const { client, server } = await serve(t, () => success({}));
  const proof = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong";
  const refusals = [
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    `HTTP/1.1 101 Switching Protocols\r\n${proof}\r\n\r\n`,
  ];
  let attempts = 0;
  server.on("upgrade", (_, stream) => {
    const refusal = refusals[attempts++];
    stream.on("error", () => {});
    if (refusal) stream.end(refusal);
    if (attempts === refusals.length) {
      server.removeAllListeners("upgrade");
      accept(server, (made) => made.write(frame(1, progress(1, 40))));
    }
  });
  const states = [];
  client.on("state", (state) => states.push(state));
  await next(client, "job_progress");
  assert.deepEqual([attempts, states], [2, ["lost", "open"]]);
});

test("an ended session is not tried again", async (t) => {
  const { client, server } = await serve(t, () => success({}));
  let connections = 0;
  accept(server, (stream, number) => {
    connections = number;
    stream.end(frame(8, [0x11, 0x31])); // 4401
  });
  const states = [];
  await new Promise((resolve) =>
    client.on("state", (state) => {
      states.push(state);
      if (state === "ended") resolve();
    }),
  );
  assert.deepEqual([states, connections], [["open", "ended"], 1]);
});

test("a server that goes silent is given up", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  const sockets = [];
  const open = () => {
    const socket = { sent: [], send: (text) => socket.sent.push(text), close: () => {} };
    sockets.push(socket);
    return socket;
  };
  const live = new sdk.LiveConnection(() => "ws://test", open);
  sockets[0].onopen();
  t.mock.timers.tick(30_000);
  assert.deepEqual(sockets[0].sent, ['{"type": "ping"}']);
  sockets[0].onmessage({ data: event("pong", {}) });
  t.mock.timers.tick(30_000);
  assert.deepEqual([live.state, sockets[0].sent.length], ["open", 2]);
  t.mock.timers.tick(30_000);
  assert.equal(live.state, "lost");
  t.mock.timers.tick(1_000);
  assert.equal(sockets.length, 2);
  live.close();
});

test("handlers end by their function and by a signal", async (t) => {
  const { client, server } = await serve(t, () => success({}));
  let stream;
  const connected = new Promise((resolve) =>
    accept(server, (made) => {
      stream = made;
      resolve();
    }),
  );
  const seen = [];
  const controller = new AbortController();
  const { signal } = controller;
  const end = client.on("job_progress", () => seen.push("function"));
  client.on("job_progress", () => seen.push("signal"), { signal });
  client.on("job_progress", () => seen.push("stays"));
  await connected;
  stream.write(frame(1, progress(1, 1)));
  await next(client, "job_progress");
  end();
  controller.abort();
  stream.write(frame(1, progress(1, 2)));
  await next(client, "job_progress");
  assert.deepEqual(seen, ["function", "signal", "stays", "stays"]);
});

const status = (state, percentage = 0) =>
  success({
    status: state,
    progress_percentage: percentage,
    current_step: state,
    full_transcript: "words",
  });

test("waiting reports progress and returns the transcript", async (t) => {
  let done = false;
  const { client, server, requests } = await serve(t, () =>
    done ? status("completed", 100) : status("processing", 0),
  );
  accept(server, async (stream) => {
    stream.write(frame(1, progress(8, 99)));
    stream.write(frame(1, progress(1, 40)));
    done = true;
    stream.write(frame(1, event("job_completed", { transcription_id: 1 })));
  });
  const seen = [];
  const found = await client.wait(1, {
    onProgress: ({ progressPercentage }) => seen.push(progressPercentage),
    pollInterval: 600_000,
  });
  assert.equal(found.fullTranscript, "words");
  assert.deepEqual(seen.filter((one) => one > 0), [40, 100]);
  assert.match(requests[0].url, /\?transcript=false$/);
  assert.match(requests.at(-1).url, /\?transcript=true$/);
});

test("waiting works without messages, and reports a cancelled job", async (t) => {
  const states = ["pending", "processing", "completed", "completed"];
  const { client, requests } = await serve(t, (_, number) => status(states[number - 1]));
  assert.equal((await client.wait(1, { pollInterval: 5 })).status, "completed");
  assert.equal(requests.length, 4);
  const other = await serve(t, (_, number) => status(number < 3 ? "processing" : "pending"));
  await assert.rejects(other.client.wait(1, { pollInterval: 5 }), sdk.JobCancelledError);
});

test("the last of several that wait closes the connection", async (t) => {
  let done = false;
  const { client, server } = await serve(t, ({ url }) =>
    status(done || url.includes("/1?") ? "completed" : "processing"),
  );
  let closed;
  const ended = new Promise((resolve) => (closed = resolve));
  const connected = new Promise((resolve) =>
    accept(server, (stream) => {
      stream.once("data", ([first]) => closed(first & 0x0f));
      resolve(stream);
    }),
  );
  const [first, last] = [1, 2].map((id) => client.wait(id, { pollInterval: 5 }));
  const stream = await connected;
  await first;
  done = true;
  stream.write(frame(1, event("job_completed", { transcription_id: 2 })));
  await last;
  assert.equal(await ended, 8, "a frame that closes");
});

test("waiting ends by time and by a signal", async (t) => {
  const { client } = await serve(t, () => status("processing"));
  await assert.rejects(
    client.wait(1, { timeout: 30, pollInterval: 600_000 }),
    sdk.WaitTimeoutError,
  );
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = client.wait(1, {
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  });
  await assert.rejects(waiting, (error) => error === reason);
});
