// Calls the audio API by the official client: node transcribe.mjs MODULES BASE_URL KEY FILE
// Prints one object with the answers, and calls the way the client's documentation shows.
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";

const [modules, baseURL, apiKey, file] = process.argv.slice(2);
const OpenAI = createRequire(`${modules}/`)("openai");
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });

const plain = await client.audio.transcriptions.create({
  file: createReadStream(file),
  model: "whisper-1",
});

const events = [];
const stream = await client.audio.transcriptions.create({
  file: createReadStream(file),
  model: "gpt-4o-transcribe-diarize",
  response_format: "diarized_json",
  chunking_strategy: "auto",
  stream: true,
});
for await (const event of stream) events.push(event);

const unknown = await client.audio.transcriptions
  .create({ file: createReadStream(file), model: "no-such-model" })
  .catch((error) => ({ name: error.constructor.name, status: error.status, code: error.code }));

const models = [];
for await (const model of client.models.list()) models.push(model.id);

console.log(JSON.stringify({ plain, events, unknown, models }));
