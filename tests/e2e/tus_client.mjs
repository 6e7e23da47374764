// Uploads a file with tus-js-client: node tus_client.mjs MODULES ENDPOINT TOKEN FILE CHUNK_BYTES
// It stops once in the middle, goes on as another upload object, and prints the transcription's id.
import { createReadStream, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";

const [modules, endpoint, token, file, chunkBytes] = process.argv.slice(2);
const tus = createRequire(`${modules}/`)("tus-js-client");
const uploadSize = statSync(file).size;
let transcription = "";

function upload(options) {
  return new Promise((resolve, reject) => {
    const one = new tus.Upload(createReadStream(file), {
      endpoint,
      uploadSize,
      chunkSize: Number(chunkBytes),
      headers: { Authorization: `Bearer ${token}` },
      metadata: { filename: basename(file), filetype: "audio/wav", language: "en", auto_start: "false" },
      onError: reject,
      onAfterResponse: (request, response) => {
        transcription = response.getHeader("Transcription-Id") ?? transcription;
      },
      onSuccess: () => resolve(one),
      ...options(() => one, resolve),
    });
    one.start();
  });
}

const first = await upload((self, stop) => ({
  onChunkComplete: (size, accepted) => {
    if (accepted < uploadSize) self().abort().then(() => stop(self()));
  },
}));
await upload(() => ({ uploadUrl: first.url }));
process.stdout.write(JSON.stringify({ transcription: Number(transcription), url: first.url }));
