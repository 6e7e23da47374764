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
const { folderId } = await client.createFolder({ name: "Calls" });
await client.updateTranscription(transcriptionId, { folderId });
await client.request("DELETE", "/api/folders/{folder_id}", { path: { folderId } });
const template = "{{ title }}: {{ turns | length }}";
const shown = await client.exportTranscription(transcriptionId, { format: "txt", template });
const turns = await client.exportTranscription(transcriptionId, { format: "rttm", turns: "diarizer" });
const segments = [];
for await (const { text } of client.readTranscript(transcriptionId, { limit: 1 })) segments.push(text);
const { revision } = await client.readTranscript(transcriptionId);
const subtitles = new File(["1\n00:00:00,500 --> 00:00:02,000\nImported words.\n"], "call.srt");
const imported = await client.importTranscript(transcriptionId, subtitles, { revision });
const { webhook, secret } = await client.createWebhook({
  url: "http://127.0.0.1:9/hooks",
  events: ["job.completed"],
});
const paused = await client.updateWebhook(webhook.webhookId, { active: false });
const deliveries = await client.listDeliveries(webhook.webhookId);
await client.deleteWebhook(webhook.webhookId);
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
  shown: await shown.text(),
  turns: (await turns.text()).split(" ")[0],
  segments: segments.length,
  imported: [imported.revision > revision, (await client.listWebhooks()).webhooks.length],
  webhook: [secret.slice(0, 6), paused.active, deliveries.deliveries.length],
  listed: listed.includes(transcriptionId),
  jobs: jobs.length,
  gone: gone instanceof NotFoundError,
});
process.stdout.write(JSON.stringify(found));
