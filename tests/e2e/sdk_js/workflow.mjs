// A recording from its upload to its deletion: node workflow.mjs API TOKEN FILE
import { openAsBlob } from "node:fs";
import { NotFoundError, SecureTranscribeClient } from "securetranscribe-js";

const [baseUrl, sessionToken, path] = process.argv.slice(2);
const client = new SecureTranscribeClient({ baseUrl, sessionToken });
const found = { progress: [] };

const file = await openAsBlob(path);
const options = { filename: "meeting.wav", language: "en", autoStart: true };
const { transcriptionId, filename } = await client.uploadAudio(file, options);
const status = await client.wait(transcriptionId, {
  onProgress: ({ progressPercentage }) => found.progress.push(progressPercentage),
});
const [label] = status.speakers;
const named = await client.assignSpeakers(transcriptionId, { [label]: `Ann ${transcriptionId}` });
const pdf = await client.exportTranscription(transcriptionId, { format: "pdf" });
const listed = [];
for await (const one of client.listTranscriptions({ limit: 1 })) listed.push(one.id);
const { folderId } = await client.request("POST", "/api/folders", { body: { name: "Calls" } });
await client.request("DELETE", "/api/folders/{folder_id}", { path: { folderId } });
const jobs = [];
for await (const job of client.listJobs({ limit: 1 })) jobs.push(job.jobId);
await client.deleteTranscription(transcriptionId);
const gone = await client.getStatus(transcriptionId).catch((error) => error);

Object.assign(found, {
  filename,
  status: status.status,
  text: status.fullTranscript,
  stats: status.speakerStats[label].segmentCount,
  named: named.speakers,
  document: [pdf.name, (await pdf.text()).slice(0, 4)],
  listed: listed.includes(transcriptionId),
  jobs: jobs.length,
  gone: gone instanceof NotFoundError,
});
process.stdout.write(JSON.stringify(found));
