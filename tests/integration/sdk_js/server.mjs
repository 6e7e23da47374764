// A server whose answers a test decides, with its client.
import { createServer } from "node:http";
import { once } from "node:events";
import { SecureTranscribeClient } from "securetranscribe-js";

export async function serve(test, answer, options = {}) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    requests.push({
      method: request.method,
      url: request.url,
      headers: request.headers,
      body,
    });
    const { status = 200, headers = {}, json, drop } =
      (await answer(requests.at(-1), requests.length)) ?? {};
    if (drop) return request.socket.destroy();
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(json === undefined ? undefined : JSON.stringify(json));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const client = new SecureTranscribeClient({
    baseUrl: `http://127.0.0.1:${port}/api`,
    sessionToken: "token",
    ...options,
  });
  test.after(() => {
    client.close();
    server.emit("ending");
    server.closeAllConnections();
    server.close();
  });
  return { client, requests, server, port };
}

export const success = (data, more = {}) => ({
  json: { success: true, data, ...more },
});

export const failure = (status, code, headers = {}, details = {}) => ({
  status,
  headers,
  json: { success: false, error: { code, message: `Refused: ${code}`, details } },
});
