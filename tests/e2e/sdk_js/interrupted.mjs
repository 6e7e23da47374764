// Goes on while the server is away: node interrupted.mjs API TOKEN FILE
// It prints what happens, one JSON array per line.
import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { SecureTranscribeClient } from "securetranscribe-js";

const [baseUrl, sessionToken, path] = process.argv.slice(2);
const client = new SecureTranscribeClient({ baseUrl, sessionToken });
const tell = (...event) => process.stdout.write(`${JSON.stringify(event)}\n`);

client.on("state", (state) => tell("state", state));
const completed = new Promise((resolve) => client.on("job_completed", resolve));
const opened = async () => {
  while (client.live.state !== "open") await new Promise((resolve) => setTimeout(resolve, 50));
};
// The server is killed once there is a connection to lose, and before the upload ends.
await opened();
const upload = await client.uploadResumable(await openAsBlob(path), {
  filename: basename(path),
  pieceBytes: 250_000,
  onProgress: (stored, size) => tell("stored", stored, size),
});
tell("uploaded", upload.transcriptionId, upload.size);
await opened();
await client.startTranscription(upload.transcriptionId, { language: "en" });
const event = await completed;
tell("completed", event.transcription_id, event.status);
client.close();
