import assert from "node:assert/strict";
import test from "node:test";
import * as sdk from "securetranscribe-js";
import { failure, serve, success } from "./server.mjs";

test("results are in camel case, except for keys that are data", async (t) => {
  const { client, requests } = await serve(t, () =>
    success({
      transcription_id: 7,
      full_transcript: null,
      speaker_stats: { Speaker_1: { segment_count: 2 }, my_friend: { segment_count: 1 } },
      segments: [{ start_time: 0.5, text: "some_text" }],
      preferences: { default_language: "en", of_somebody: { else_s: 1 } },
    }),
  );
  assert.deepEqual(await client.getStatus(7), {
    transcriptionId: 7,
    fullTranscript: null,
    speakerStats: { Speaker_1: { segmentCount: 2 }, my_friend: { segmentCount: 1 } },
    segments: [{ startTime: 0.5, text: "some_text" }],
    preferences: { default_language: "en", of_somebody: { else_s: 1 } },
  });
  assert.equal(requests[0].url, "/api/transcription/status/7");
  assert.equal(requests[0].headers.authorization, "Bearer token");
});

test("arguments are in camel case, except for keys that are data", async (t) => {
  const { client, requests } = await serve(t, () => success({}));
  await client.assignSpeakers(7, { Speaker_1: "Ann Lee", aB: "Bo" });
  assert.deepEqual(JSON.parse(requests[0].body), { Speaker_1: "Ann Lee", aB: "Bo" });
  await client.updateSession({ userIdentifier: "ann", preferences: { myKey: 1 } });
  assert.deepEqual(JSON.parse(requests[1].body), {
    user_identifier: "ann",
    preferences: { myKey: 1 },
  });
  await client.listTranscriptions({ tagId: [1, 2], statusFilter: "completed" });
  assert.equal(
    requests[2].url,
    "/api/transcription/list?tag_id=1&tag_id=2&status_filter=completed",
  );
  await client.startTranscription(7, { minSpeakers: 2 });
  assert.deepEqual(JSON.parse(requests[3].body), { min_speakers: 2 });
  await client.request("DELETE", "/api/tags/{tag_id}", { path: { tagId: 3 } });
  assert.equal(requests[4].url, "/api/tags/3");
});

test("an upload is a form that does not start by itself", async (t) => {
  const { client, requests } = await serve(t, () =>
    success({ transcription_id: 9 }),
  );
  const file = new File(["sound"], "Größe.wav");
  const { transcriptionId } = await client.uploadAudio(file, {
    language: "en",
    phrases: ["Ann Lee", "Bob"],
  });
  assert.equal(transcriptionId, 9);
  const { headers, body } = requests[0];
  const form = await new Response(body, { headers }).formData();
  assert.equal(form.get("file").name, "Größe.wav");
  assert.equal(await form.get("file").text(), "sound");
  assert.deepEqual(
    [...form.keys()].sort(),
    ["auto_start", "file", "language", "phrases"],
  );
  assert.equal(form.get("phrases").replaceAll("\r", ""), "Ann Lee\nBob");
  assert.equal(form.get("auto_start"), "false");
});

test("errors are classes by code", async (t) => {
  const answers = [
    [400, "VALIDATION_ERROR", sdk.ValidationError],
    [401, "AUTHENTICATION_ERROR", sdk.AuthenticationError],
    [404, "NOT_FOUND", sdk.NotFoundError],
    [409, "CONFLICT", sdk.ConflictError],
    [413, "FILE_UPLOAD_ERROR", sdk.FileUploadError],
    [429, "RATE_LIMIT_EXCEEDED", sdk.RateLimitError],
    [503, "RESOURCE_EXHAUSTED", sdk.ResourceExhaustedError],
    [404, "A_NEWER_CODE", sdk.NotFoundError],
    [418, "ANOTHER_ONE", sdk.ApiError],
  ];
  const headers = { "Retry-After": "61", "X-Request-ID": "r1" };
  const details = { some_field: "x" };
  const { client } = await serve(t, (_, number) =>
    failure(...answers[number - 1].slice(0, 2), headers, details),
  );
  for (const [status, code, Class] of answers) {
    await assert.rejects(client.getStatus(1), (error) => {
      assert.equal(error.constructor, Class);
      assert.ok(error instanceof sdk.SecureTranscribeError);
      assert.deepEqual(
        [error.name, error.status, error.code, error.message, error.requestId],
        [Class.name, status, code, `Refused: ${code}`, "r1"],
      );
      assert.equal(error.retryAfter, 61);
      assert.deepEqual(error.details, details);
      return true;
    });
  }
});

test("an answer that is no JSON is an error with its status", async (t) => {
  const { client } = await serve(t, () => ({
    status: 502,
    headers: { "Content-Type": "text/html" },
  }));
  await assert.rejects(client.getStatus(1), { status: 502, code: "UNKNOWN" });
});

test("calls that change nothing are repeated after a pause", async (t) => {
  const { client, requests } = await serve(t, (_, number) => {
    if (number === 1) return failure(503, "SERVICE_UNAVAILABLE", { "Retry-After": "0.01" });
    return number === 2 ? { drop: true } : success({ transcription_id: 1 });
  });
  assert.equal((await client.getStatus(1)).transcriptionId, 1);
  assert.equal(requests.length, 3);
});

test("other calls are repeated only if they were not carried out", async (t) => {
  const busy = failure(503, "SERVICE_UNAVAILABLE", { "Retry-After": "0.01" });
  const limited = failure(429, "RATE_LIMIT_EXCEEDED", { "Retry-After": "0.01" });
  const { client, requests } = await serve(t, (_, number) =>
    number === 1 ? limited : busy,
  );
  await assert.rejects(client.startTranscription(1), sdk.ServiceUnavailableError);
  assert.equal(requests.length, 2);
});

test("calls give up after their retries", async (t) => {
  const busy = failure(503, "SERVICE_UNAVAILABLE", { "Retry-After": "0.01" });
  const { client, requests } = await serve(t, () => busy, { retries: 1 });
  await assert.rejects(client.getStatus(1), sdk.ServiceUnavailableError);
  assert.equal(requests.length, 2);
});

test("a server that is away is a connection error", async (t) => {
  const { client, server } = await serve(t, () => success({}), { retries: 0 });
  server.close();
  server.closeAllConnections();
  await assert.rejects(client.getStatus(1), sdk.ConnectionError);
});

test("a signal ends a call, also while it pauses", async (t) => {
  const busy = failure(503, "SERVICE_UNAVAILABLE", { "Retry-After": "30" });
  const { client, requests } = await serve(t, ({ url }) =>
    url.endsWith("/1") ? new Promise(() => {}) : busy,
  );
  const reason = new Error("enough");
  for (const id of [1, 2]) {
    const controller = new AbortController();
    const call = client.getStatus(id, { signal: controller.signal });
    while (requests.length < id) await new Promise(setImmediate);
    controller.abort(reason);
    await assert.rejects(call, (error) => error === reason);
  }
});

test("lists are read page by page", async (t) => {
  const { client, requests } = await serve(t, ({ url }) => {
    const query = new URL(url, "http://x").searchParams;
    if (url.includes("/list")) {
      const cursor = query.get("cursor");
      return success({
        transcriptions: [{ id: cursor ? 2 : 1 }],
        total: 2,
        limit: 1,
        offset: 0,
        next_cursor: cursor ? null : "more",
      });
    }
    if (url.includes("/jobs")) {
      const offset = Number(query.get("offset") ?? 0);
      return success({ jobs: [{ id: offset }], total: 3, limit: 1, offset });
    }
    const page = Number(query.get("page") ?? 1);
    return success([{ id: page }], { pagination: { page, has_next: page < 2 } });
  });
  const all = async (listing) => {
    const found = [];
    for await (const { id } of listing) found.push(id);
    return found;
  };
  assert.deepEqual(await all(client.listTranscriptions({ limit: 1 })), [1, 2]);
  assert.deepEqual(
    requests.map(({ url }) => url.split("?")[1]),
    ["limit=1", "limit=1&cursor=more"],
  );
  assert.deepEqual(await all(client.listJobs({ limit: 1 })), [0, 1, 2]);
  assert.deepEqual(await all(client.listSpeakers({ perPage: 1 })), [1, 2]);
  requests.length = 0;
  const first = await client.listTranscriptions();
  assert.deepEqual([first.total, first.nextCursor], [2, "more"]);
  assert.equal(requests.length, 1);
  const pages = [];
  for await (const page of client.pages("/api/queue/jobs")) pages.push(page.offset);
  assert.deepEqual(pages, [0, 1, 2]);
});

test("a document has the name that the server gives it", async (t) => {
  const { client, requests } = await serve(t, () => ({
    headers: {
      "Content-Type": "application/pdf",
      "Content-Disposition": `attachment; filename="a.pdf"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf`,
    },
    json: "content",
  }));
  const file = await client.exportTranscription(3, {
    format: "pdf",
    includeOptions: ["meeting_summary", "action_items"],
  });
  assert.deepEqual([file.name, file.type], ["Größe.pdf", "application/pdf"]);
  assert.equal(await file.text(), '"content"');
  assert.equal(
    requests[0].url,
    "/api/transcription/export/3?export_format=pdf&include_options=meeting_summary&include_options=action_items",
  );
});

test("Node keeps the session that the server makes", async (t) => {
  const { client, requests } = await serve(
    t,
    () => ({
      ...success({}),
      headers: { "Set-Cookie": "session_token=made; HttpOnly; Path=/" },
    }),
    { sessionToken: undefined },
  );
  await client.getSession();
  assert.equal(client.sessionToken, "made");
  await client.getSession();
  assert.equal(requests[1].headers.authorization, "Bearer made");
});

test("raw operations return refusals as results", async (t) => {
  const { client, requests } = await serve(t, (_, number) =>
    number === 1 ? success({ tag_id: 1 }) : failure(404, "NOT_FOUND"),
  );
  const seen = [];
  client.api.use({ onResponse: ({ response }) => seen.push(response.status) });
  const made = await client.api.POST("/api/tags", { body: { name: "x" } });
  assert.equal(made.data.data.tag_id, 1);
  assert.equal(requests[0].headers["content-type"], "application/json");
  const path = { tag_id: 5 };
  const gone = await client.api.DELETE("/api/tags/{tag_id}", { params: { path } });
  assert.equal(gone.error.error.code, "NOT_FOUND");
  await assert.rejects(client.call(Promise.resolve(gone)), sdk.NotFoundError);
  assert.deepEqual(seen, [200, 404]);
});
