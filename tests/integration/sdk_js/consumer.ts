// A program of somebody else. It is compiled, not run.
import {
  RateLimitError,
  SecureTranscribeClient,
  type LiveEnd,
  type LiveEvents,
  type Status,
} from "securetranscribe-js";

export async function use(file: File): Promise<Status> {
  const client = new SecureTranscribeClient({
    baseUrl: "http://localhost:8000/api",
    sessionToken: "token",
  });
  const { signal } = new AbortController();
  const uploaded = await client.uploadAudio(file, {
    language: "en",
    numSpeakers: 2,
    signal,
  });
  const id: number = uploaded.transcriptionId;
  // @ts-expect-error Names are in camel case.
  void uploaded.transcription_id;
  // @ts-expect-error There is no such option.
  await client.uploadAudio(file, { tongue: "en" });

  await client.startTranscription(id, { minSpeakers: 2 });
  client.on("job_progress", (data: LiveEvents["job_progress"]) => {
    const percentage: number = data.progress_percentage;
    void percentage;
  });
  const status = await client.wait(id, {
    onProgress: ({ progressPercentage }) => void progressPercentage.toFixed(),
    timeout: 60_000,
    signal,
  });
  const text: string | undefined = status.segments[0]?.text;
  const segments: number | undefined =
    status.speakerStats?.["Speaker_1"]?.segmentCount;

  for await (const one of client.listTranscriptions({ sort: "title" })) {
    const name: string = one.originalFilename;
    void name;
  }
  const live = client.liveSession({ encoding: "webm_opus", language: "en", signal });
  live.on("final", ({ text, words }) => void [text, words[0]?.start_time.toFixed()]);
  // @ts-expect-error There is no such message.
  live.on("finally", () => {});
  live.push(new Uint8Array(10), { startsStream: true });
  const end: LiveEnd = await live.finish();
  void end.transcriptionId?.toFixed();

  const page = await client.listTranscriptions({ limit: 10 });
  const total: number = page.total;

  const folder = await client.request("POST", "/api/folders", {
    body: { name: "Calls" },
    signal,
  });
  await client.request("DELETE", "/api/folders/{folder_id}", {
    path: { folderId: folder.folderId },
  });
  // @ts-expect-error There is no such path.
  await client.request("GET", "/api/nothing");
  // @ts-expect-error The path has a parameter.
  await client.request("GET", "/api/transcription/status/{transcription_id}");
  const raw = await client.api.GET("/api/tags");
  const tags: string | undefined = raw.data?.data.tags[0]?.name;

  try {
    const pdf = await client.exportTranscription(id, { format: "pdf" });
    void [pdf.name, text, segments, total, tags];
  } catch (error) {
    if (error instanceof RateLimitError) void error.retryAfter?.toFixed();
  }
  return status;
}
