import {
  ApiError,
  Capture,
  ConnectionError,
  LiveCaptures,
  MemoryCaptureStore,
  type CaptureData,
  type CaptureTransport,
  type LiveCalls,
  type Socket,
} from 'securetranscribe-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const OPTIONS = { mediaType: 'audio/webm;codecs=opus', title: 'Talk', live: true };

/** A connection whose other end is the test. */
class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  /** Texts, and chunks as their number, `*` for the begin of a stream, and their sound. */
  sent: string[] = [];

  send(message: string | Uint8Array): void {
    if (typeof message === 'string') {
      this.sent.push(message);
      return;
    }
    const number = new DataView(message.buffer).getBigUint64(0);
    const begins = message[8] === 1 ? '*' : '';
    this.sent.push(`${number}${begins}${new TextDecoder().decode(message.slice(9))}`);
  }

  close(): void {
    this.onclose?.({ code: 1000 });
  }

  tell(type: string, data: object): void {
    this.onmessage?.({ data: JSON.stringify({ type, data }) });
  }

  begin(nextChunk = 0, captureId = 'live-1'): void {
    this.onopen?.();
    const capture = { capture_id: captureId, state: 'receiving', next_chunk: nextChunk };
    this.tell('begun', { capture, transcription_id: 7, last_sequence: 0 });
  }

  acknowledge(nextChunk: number, missing: number[] = []): void {
    this.tell('acknowledged', { next_chunk: nextChunk, missing });
  }

  get chunks(): string[] {
    return this.sent.filter((one) => !one.startsWith('{'));
  }

  get first(): Record<string, unknown> {
    return JSON.parse(this.sent[0]!) as Record<string, unknown>;
  }
}

const data = (state: CaptureData['state'], more: object = {}) =>
  ({ capture_id: 'rest-1', state, transcription_id: 9, job_id: 'job', ...more }) as CaptureData;

let rest: { [Name in keyof CaptureTransport]: ReturnType<typeof vi.fn> };
let store: MemoryCaptureStore;
let transport: LiveCaptures;
/** Connections of the transport. */
let made: FakeSocket[];
let check: ReturnType<typeof vi.fn>;

beforeEach(() => {
  vi.useFakeTimers();
  const own: FakeSocket[] = [];
  made = own;
  store = new MemoryCaptureStore();
  check = vi.fn(async () => {});
  const answer = (result: unknown) => vi.fn(async () => result);
  rest = {
    list: answer([]),
    create: answer(data('receiving')),
    get: answer(data('completed')),
    put: answer({}),
    finish: answer(data('completed')),
    discard: answer(undefined),
  } as unknown as typeof rest;
  const calls = { hasToken: () => true, url: () => 'ws://test', check } as unknown as LiveCalls;
  const server = rest as unknown as CaptureTransport;
  transport = new LiveCaptures(calls, server, () => {
    own.push(new FakeSocket());
    return own.at(-1)!;
  });
});

afterEach(() => {
  transport.close();
  vi.useRealTimers();
});

const socket = () => made.at(-1)!;
const settled = () => vi.advanceTimersByTimeAsync(0);

async function say(capture: Capture, text: string, startsStream = false): Promise<void> {
  const bytes = new TextEncoder().encode(text).buffer as ArrayBuffer;
  await capture.push(bytes, { seconds: 0.25, startsStream });
  await settled();
}

/** Begin a capture, whose first chunk opens the connection. */
async function begin(): Promise<Capture> {
  const capture = await Capture.begin(transport, store, OPTIONS);
  await say(capture, 'a', true);
  socket().begin();
  await settled();
  return capture;
}

test('chunks are sent while earlier ones wait for their acknowledgment', async () => {
  const capture = await begin();
  await say(capture, 'b');
  await say(capture, 'c');
  expect(socket().first).toMatchObject({
    type: 'begin',
    encoding: 'webm_opus',
    title: 'Talk',
    channel_count: 1,
  });
  expect(socket().first).not.toHaveProperty('live');
  expect(socket().chunks).toEqual(['0*a', '1b', '2c']);
  expect(capture.status.waitingSeconds).toBe(0.75);
  socket().acknowledge(2);
  await settled();
  expect(capture.status.waitingSeconds).toBe(0.25);
  socket().acknowledge(3);
  await settled();
  expect(capture.status).toMatchObject({ waitingBytes: 0, connected: true, idleUntil: undefined });
  expect(rest.create).not.toHaveBeenCalled();
});

test('no more chunks are on their way than the window has', async () => {
  const capture = await begin();
  for (let number = 1; number < 50; number++) await say(capture, 'x');
  expect(socket().chunks).toHaveLength(transport.window);
  socket().acknowledge(10);
  await settled();
  expect(socket().chunks).toHaveLength(transport.window + 10);
});

test('after a loss, chunks without an acknowledgment are sent again, and text goes on', async () => {
  const finals: string[] = [];
  transport.on('final', ({ text }) => finals.push(text));
  const capture = await begin();
  await say(capture, 'b');
  socket().acknowledge(1);
  const hello = { segment: 1, sequence: 1, text: 'Hello' };
  socket().tell('final', hello);
  await settled();
  socket().onclose!({ code: 1006 });
  await settled();
  expect(capture.status.connected).toBe(false);
  await say(capture, 'c');
  await vi.advanceTimersByTimeAsync(2000);
  expect(made).toHaveLength(2);
  socket().begin(1);
  expect(socket().first).toEqual({ type: 'resume', capture_id: 'live-1', after_sequence: 1 });
  await settled();
  expect(socket().chunks).toEqual(['1b', '2c']);
  socket().tell('final', hello);
  socket().tell('final', { segment: 2, sequence: 2, text: 'there' });
  expect(finals).toEqual(['Hello', 'there']);
  socket().acknowledge(3);
  await settled();
  expect(capture.status).toMatchObject({ connected: true, waitingBytes: 0 });
});

test('the end waits for the last results', async () => {
  const capture = await begin();
  socket().acknowledge(1);
  await settled();
  const end = capture.finish();
  await settled();
  expect(JSON.parse(socket().sent.at(-1)!)).toEqual({
    type: 'finish',
    chunk_count: 1,
    allow_gaps: false,
  });
  const ended = { capture_id: 'live-1', state: 'completed', job_id: 'job', error: null };
  socket().tell('ended', { capture: ended, transcription_id: 7 });
  expect(await end).toEqual({ transcriptionId: 7, jobId: 'job' });
  expect(rest.finish).not.toHaveBeenCalled();
});

test('chunks that were lost with a page do not keep a session from its end', async () => {
  const before = await begin();
  await say(before, 'b');
  await say(before, 'c');
  socket().acknowledge(1);
  await settled();
  await store.drop(before.key, 1);
  transport.close();
  const [kept] = await store.captures();
  const after = await Capture.resume(transport, store, kept!);
  await settled();
  socket().begin(1);
  await settled();
  expect(socket().chunks).toEqual(['2c']);
  // The server lacks chunk 1 and never gets it.
  socket().acknowledge(1, [1]);
  await settled();
  expect(rest.put).toHaveBeenCalledOnce();
  expect(after.status.waitingBytes).toBe(0);
  void after.finish();
  await settled();
  socket().acknowledge(1, [1]);
  socket().tell('notice', { code: 'chunks_missing', message: '' });
  await vi.advanceTimersByTimeAsync(2000);
  expect(JSON.parse(socket().sent.at(-1)!)).toMatchObject({ type: 'finish', allow_gaps: true });
});

test('a refused connection leaves the recording to REST', async () => {
  const reasons: unknown[] = [];
  transport.on('unavailable', (reason) => reasons.push(reason));
  const capture = await Capture.begin(transport, store, OPTIONS);
  await say(capture, 'a', true);
  socket().onopen!();
  socket().tell('error', { code: 'VALIDATION_ERROR', message: 'No.', details: {} });
  socket().onclose!({ code: 1008 });
  await settled();
  expect(reasons).toEqual([expect.any(ApiError)]);
  expect(capture.captureId).toBe('rest-1');
  await say(capture, 'b');
  expect(rest.put.mock.calls.map(([, number]) => number as number)).toEqual([0, 1]);
  expect(capture.status).toMatchObject({ waitingBytes: 0, connected: true });
  expect(made).toHaveLength(1);
});

test('chunks that wait when the server ends a session get the answers of REST', async () => {
  const parted: unknown[] = [];
  const capture = await Capture.begin(transport, store, OPTIONS, {
    parted: (id) => parted.push(id),
  });
  await say(capture, 'a', true);
  socket().begin();
  await settled();
  socket().acknowledge(1);
  await say(capture, 'b');
  rest.put.mockRejectedValueOnce(
    new ApiError('CONFLICT', 'It is finished.', 409, { state: 'completed', transcription_id: '7' }),
  );
  const ended = { capture_id: 'live-1', state: 'completed', job_id: 'job', error: null };
  socket().tell('ended', { capture: ended, transcription_id: 7 });
  await settled();
  expect(parted).toEqual([7]);
  // The rest is another live session.
  socket().begin(0, 'live-2');
  await settled();
  expect(socket().first.type).toBe('begin');
  expect(socket().chunks).toEqual(['0*a', '1b']);
});

test('sound that is too large for a message goes over REST', async () => {
  const capture = await begin();
  socket().acknowledge(1);
  await say(capture, 'x'.repeat(70_000));
  expect(rest.put).toHaveBeenCalledOnce();
  expect(capture.status.waitingBytes).toBe(0);
});

test('other kinds of media are recorded without live text', async () => {
  const capture = await Capture.begin(transport, store, { ...OPTIONS, mediaType: 'audio/wav' });
  await say(capture, 'a', true);
  expect(made).toEqual([]);
  expect(rest.create).toHaveBeenCalledOnce();
  expect(capture.captureId).toBe('rest-1');
});

test('without a network, everything is kept and sent once it is back', async () => {
  check.mockRejectedValue(new ConnectionError('away'));
  const capture = await begin();
  dispatchEvent(new Event('offline'));
  await say(capture, 'b');
  expect(capture.status).toMatchObject({ connected: false, waitingSeconds: 0.5 });
  const tries = made.length;
  dispatchEvent(new Event('online'));
  await settled();
  expect(made).toHaveLength(tries + 1);
  socket().begin(0);
  await vi.advanceTimersByTimeAsync(5000);
  expect(socket().chunks).toEqual(['0*a', '1b']);
});
