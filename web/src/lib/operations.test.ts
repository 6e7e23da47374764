import { SecureTranscribeClient, ValidationError } from 'securetranscribe-js';
import { expect, test } from 'vitest';

interface Sent {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Headers;
  body: string;
}

/** Return a client whose requests are kept, and answered with data one after the other. */
function scripted(...answers: unknown[]): { client: SecureTranscribeClient; sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    sent.push({
      method: request.method,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
      body: await request.text(),
    });
    const answer = answers.shift();
    return answer instanceof Response ? answer : Response.json({ success: true, data: answer });
  };
  const options = { baseUrl: 'http://test/api', sessionToken: 'mine', retries: 0, fetch };
  return { client: new SecureTranscribeClient(options), sent };
}

test('parameters of the path come first, then the body, then options', async () => {
  const { client, sent } = scripted({ delivery_id: 'd1', http_status: 204 });
  await client.updateWebhook('a/b', { active: true }, { headers: { 'X-Trace': '1' } });
  expect(sent[0]).toMatchObject({ method: 'PUT', path: '/api/webhooks/a%2Fb' });
  expect(JSON.parse(sent[0]!.body)).toEqual({ active: true });
  expect(sent[0]!.headers.get('X-Trace')).toBe('1');
  expect(sent[0]!.headers.get('Authorization')).toBe('Bearer mine');
});

test('methods without a body take options at once', async () => {
  const { client, sent } = scripted({ delivery_id: 'd1' });
  const found = await client.redeliver('w', 'd', { headers: { 'X-Trace': '1' } });
  expect(sent[0]!.path).toBe('/api/webhooks/w/deliveries/d/redeliver');
  expect(sent[0]!.headers.get('X-Trace')).toBe('1');
  expect(found).toEqual({ deliveryId: 'd1' });
});

test('a query has the names of the contract', async () => {
  const { client, sent } = scripted({ segments: [] });
  await client.getSummary(7, { revision: 3 });
  expect(sent[0]).toMatchObject({
    method: 'GET',
    path: '/api/transcription/7/summary',
    query: { revision: '3' },
  });
});

test('lists are read page by page', async () => {
  const { client, sent } = scripted(
    { deliveries: [{ delivery_id: 'a' }], cursor: 'next' },
    { deliveries: [{ delivery_id: 'b' }], cursor: null },
  );
  const ids: string[] = [];
  for await (const one of client.listDeliveries('w', { limit: 1 })) ids.push(one.deliveryId);
  expect(ids).toEqual(['a', 'b']);
  expect(sent[1]!.query).toEqual({ limit: '1', cursor: 'next' });
});

test('files have the name that the server gives', async () => {
  const headers = { 'Content-Disposition': 'attachment; filename="words.csv"' };
  const { client } = scripted(new Response('type,heard', { headers }));
  const file = await client.exportVocabulary();
  expect([file.name, await file.text()]).toEqual(['words.csv', 'type,heard']);
});

test('a template is sent as the body, turns in the query', async () => {
  const { client, sent } = scripted(new Response('Ann'), new Response('SPEAKER'));
  await client.exportTranscription(7, { format: 'txt', template: '{{ title }}' });
  await client.exportTranscription(7, { format: 'rttm', turns: 'diarizer' });
  expect(sent[0]).toMatchObject({ method: 'POST', query: { export_format: 'txt' } });
  expect(JSON.parse(sent[0]!.body)).toEqual({ template: '{{ title }}' });
  expect(sent[1]).toMatchObject({
    method: 'GET',
    query: { export_format: 'rttm', turns: 'diarizer' },
  });
});

test('transcripts are imported as files', async () => {
  const { client, sent } = scripted({}, {});
  const text = '1\n00:00:00,000 --> 00:00:01,000\nHello.\n';
  const subtitles = new File([text], 'call.srt');
  await client.importTranscript(7, subtitles, { revision: 2, align: true });
  expect(sent[0]).toMatchObject({ path: '/api/transcription/7/import', query: { align: 'true' } });
  expect(sent[0]!.headers.get('If-Match')).toBe('"2"');
  expect(sent[0]!.body).toContain('filename="call.srt"');
  await client.importRecording(new Blob(['sound']), subtitles, { process: true });
  expect(sent[1]).toMatchObject({ path: '/api/imports', query: { process: 'true' } });
  expect(sent[1]!.body).toContain('name="transcript"');
});

test('edits name the revision that they are made for', async () => {
  const { client, sent } = scripted({ revision: 4 });
  const operation = { type: 'delete_words' as const, first: '1.1', last: '1.2' };
  await client.editTranscript(7, [operation], { revision: 3, requestId: 'r1' });
  expect(sent[0]!.headers.get('If-Match')).toBe('"3"');
  expect(JSON.parse(sent[0]!.body)).toEqual({ operations: [operation], request_id: 'r1' });
});

test('a sign-in is used from then on', async () => {
  const { client, sent } = scripted({ session_token: 'signed-in' }, []);
  await client.signIn({ name: 'ada', password: 'secret' });
  await client.listWebhooks();
  expect(client.sessionToken).toBe('signed-in');
  expect(sent[1]!.headers.get('Authorization')).toBe('Bearer signed-in');
});

test('refusals are errors of their class', async () => {
  const error = { code: 'VALIDATION_ERROR', message: 'No.', details: {} };
  const { client } = scripted(Response.json({ success: false, error }, { status: 400 }));
  await expect(client.createTag({ name: '' })).rejects.toBeInstanceOf(ValidationError);
});
