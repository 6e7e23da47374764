import {
  ApiError,
  Capture,
  ConnectionError,
  MemoryCaptureStore,
  type CaptureData,
  type CaptureHandlers,
  type CaptureOptions,
  type CaptureTransport,
} from 'securetranscribe-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const OPTIONS: CaptureOptions = { mediaType: 'audio/webm;codecs=opus', title: 'Talk' };

/** A server in memory, whose calls can be made to fail. */
class FakeServer implements CaptureTransport {
  captures: { requestId: string; state: CaptureData['state']; chunks: Map<number, string> }[] = [];
  heads: string[] = [];
  /** Thrown by the next calls, one each. */
  failures: unknown[] = [];
  /** Thrown by all calls as long as it is set. */
  down: unknown;
  puts = 0;

  async list(): Promise<CaptureData[]> {
    return this.captures.map((_, at) => this.#data(String(at)));
  }

  async create(_: CaptureOptions, requestId: string): Promise<CaptureData> {
    this.#fail();
    let at = this.captures.findIndex((one) => one.requestId === requestId);
    if (at < 0) at = this.captures.push({ requestId, state: 'receiving', chunks: new Map() }) - 1;
    return this.#data(String(at));
  }

  async get(id: string): Promise<CaptureData> {
    this.#fail();
    if (this.captures[Number(id)]!.state === 'finishing') {
      this.captures[Number(id)]!.state = 'completed';
    }
    return this.#data(id);
  }

  async put(id: string, number: number, bytes: ArrayBuffer, startsStream: boolean) {
    this.#fail();
    this.puts++;
    const capture = this.captures[Number(id)]!;
    if (capture.state !== 'receiving') throw finished(Number(id));
    const text = textOf(bytes);
    capture.chunks.set(number, text);
    if (startsStream) this.heads.push(text);
    return this.#data(id);
  }

  async finish(id: string, chunkCount: number, allowGaps: boolean): Promise<CaptureData> {
    this.#fail();
    const capture = this.captures[Number(id)]!;
    const missing = [...Array(chunkCount).keys()].filter((one) => !capture.chunks.has(one));
    if (missing.length > 0 && !allowGaps) {
      throw new ApiError('CONFLICT', 'Chunks are missing.', 409, { missing });
    }
    if (capture.state === 'receiving') capture.state = 'finishing';
    return this.#data(id);
  }

  async discard(id: string): Promise<void> {
    this.#fail();
    this.captures[Number(id)]!.state = 'discarded';
  }

  sound(at: number): string {
    const chunks = [...this.captures[at]!.chunks].sort(([one], [other]) => one - other);
    return chunks.map(([number, text]) => `${number}${text}`).join(' ');
  }

  #fail(): void {
    const failure = this.failures.shift() ?? this.down;
    if (failure) throw failure;
  }

  #data(id: string): CaptureData {
    const { state, chunks } = this.captures[Number(id)]!;
    const numbers = [...Array(Math.max(-1, ...chunks.keys()) + 2).keys()];
    return {
      capture_id: id,
      state,
      next_chunk: numbers.find((one) => !chunks.has(one))!,
      missing: [],
      title: 'Talk',
      media_type: OPTIONS.mediaType,
      stored_bytes: 0,
      created_at: '2026-01-02T12:00:00Z',
      idle_until: '2026-01-02T12:30:00Z',
      transcription_id: state === 'completed' ? 40 + Number(id) : null,
      job_id: state === 'completed' ? 'job' : null,
      error: null,
    };
  }
}

/** A store that may be full. */
class FullStore extends MemoryCaptureStore {
  full = false;

  override async save(...parts: Parameters<MemoryCaptureStore['save']>): Promise<void> {
    if (this.full && parts[1]) throw new DOMException('full', 'QuotaExceededError');
    return super.save(...parts);
  }
}

const bytes = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer;
const textOf = (buffer: ArrayBuffer) => new TextDecoder().decode(buffer);
const finished = (id: number) =>
  new ApiError('CONFLICT', 'It is finished.', 409, {
    state: 'completed',
    transcription_id: String(40 + id),
  });

let server: FakeServer;
let store: FullStore;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  store = new FullStore();
});

afterEach(() => vi.useRealTimers());

const begin = (handlers: CaptureHandlers = {}) => Capture.begin(server, store, OPTIONS, handlers);

async function say(capture: Capture, text: string, startsStream = false): Promise<void> {
  await capture.push(bytes(text), { seconds: 2, startsStream });
  await vi.advanceTimersByTimeAsync(0);
}

const later = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

async function end(capture: Capture) {
  const promise = capture.finish();
  promise.catch(() => {});
  await later(5000);
  return promise;
}

test('chunks are numbered, sent and forgotten, and the capture becomes a transcription', async () => {
  const capture = await begin();
  await say(capture, 'a', true);
  await say(capture, 'b');
  await say(capture, 'c');
  expect(server.sound(0)).toBe('0a 1b 2c');
  expect(server.heads).toEqual(['a']);
  expect(capture.status).toMatchObject({ connected: true, waitingSeconds: 0, seconds: 6 });
  // The head stays, for the case that the rest must become another capture.
  expect((await store.chunks(capture.key)).map((one) => one.number)).toEqual([0]);
  expect(await end(capture)).toEqual({ transcriptionId: 40, jobId: 'job' });
  expect(await store.captures()).toEqual([]);
  expect(await store.chunks(capture.key)).toEqual([]);
});

test('without a network everything is kept, and sent in order once it is back', async () => {
  server.down = new ConnectionError('lost');
  const capture = await begin();
  await say(capture, 'a', true);
  await say(capture, 'b');
  await later(100_000);
  expect(capture.status).toMatchObject({ connected: false, stopped: false, waitingSeconds: 4 });
  expect((await store.chunks(capture.key)).map((one) => one.sent)).toEqual([false, false]);
  server.down = undefined;
  await later(31_000);
  expect(server.sound(0)).toBe('0a 1b');
  expect(capture.status).toMatchObject({ connected: true, problem: undefined, waitingBytes: 0 });
});

test('the network that comes back is used at once', async () => {
  server.down = new ConnectionError('lost');
  const capture = await begin();
  await say(capture, 'a', true);
  await later(100_000);
  server.down = undefined;
  dispatchEvent(new Event('online'));
  await later(0);
  expect(server.sound(0)).toBe('0a');
  expect(capture.status.connected).toBe(true);
});

test('new sound does not shorten the pause of a busy server', async () => {
  server.failures = [new ApiError('RATE_LIMITED', 'Wait.', 429, {}, 20)];
  const capture = await begin();
  await say(capture, 'a', true);
  await later(10_000);
  await say(capture, 'b');
  expect(server.captures).toHaveLength(0);
  await later(10_000);
  expect(server.sound(0)).toBe('0a 1b');
});

test('after a reload the rest is sent, and another stream goes on with the numbers', async () => {
  const before = await begin();
  await say(before, 'a', true);
  server.down = new ConnectionError('lost');
  await say(before, 'b');
  const [kept] = await store.captures();
  server.down = undefined;
  const known = (await server.list())[0];
  const after = await Capture.resume(server, store, kept!, {}, known);
  await later(0);
  await say(after, 'c', true);
  expect(server.sound(0)).toBe('0a 1b 2c');
  expect(server.heads).toEqual(['a', 'c']);
  expect(after.status.seconds).toBe(6);
});

test('a capture that was ended before a reload is finished after it', async () => {
  const before = await begin();
  await say(before, 'a', true);
  server.down = new ConnectionError('lost');
  void before.finish();
  await later(0);
  const [kept] = await store.captures();
  expect(kept!.ended).toBe(true);
  server.down = undefined;
  await Capture.resume(server, store, kept!);
  await later(5000);
  expect(server.captures[0]!.state).toBe('completed');
});

test('what a finished capture does not have becomes another one that can be played', async () => {
  const parted: unknown[] = [];
  const capture = await begin({ parted: (id) => parted.push(id) });
  await say(capture, 'a', true);
  await say(capture, 'b');
  server.captures[0]!.state = 'completed';
  await say(capture, 'c');
  await say(capture, 'd');
  expect(parted).toEqual([40]);
  expect(server.sound(0)).toBe('0a 1b');
  expect(server.sound(1)).toBe('0a 1c 2d');
  expect(server.heads).toEqual(['a', 'a']);
  expect(await end(capture)).toMatchObject({ transcriptionId: 41 });
});

test('a capture that became too large is finished, and the rest goes on as another one', async () => {
  const parted: unknown[] = [];
  const capture = await begin({ parted: (id) => parted.push(id) });
  await say(capture, 'a', true);
  for (const text of 'bcdefghij') await say(capture, text);
  server.failures = [new ApiError('FILE_UPLOAD_ERROR', 'It is too large.', 413)];
  await say(capture, 'k');
  await say(capture, 'l');
  expect(parted).toEqual([undefined]);
  expect(server.captures[0]!.state).toBe('finishing');
  expect(server.sound(1)).toBe('0a 1k 2l');
});

test('a capture that the server finished in the meantime ends as its transcription', async () => {
  const capture = await begin();
  await say(capture, 'a', true);
  server.captures[0]!.state = 'completed';
  expect(await end(capture)).toMatchObject({ transcriptionId: 40 });
});

test('a full store is reported, and the sound is sent from memory', async () => {
  const capture = await begin();
  await say(capture, 'a', true);
  store.full = true;
  server.down = new ConnectionError('lost');
  await say(capture, 'b');
  expect(capture.status.unstored).toBe(true);
  server.down = undefined;
  capture.retry();
  await later(0);
  expect(server.sound(0)).toBe('0a 1b');
  expect(capture.status.unstored).toBe(false);
});

test('chunks that were lost with a page do not keep the rest from being finished', async () => {
  const capture = await begin();
  await say(capture, 'a', true);
  server.down = new ConnectionError('lost');
  await say(capture, 'b');
  await say(capture, 'c');
  await store.drop(capture.key, 1);
  const [kept] = await store.captures();
  server.down = undefined;
  const after = await Capture.resume(server, store, kept!);
  expect(await end(after)).toMatchObject({ transcriptionId: 40 });
  expect(server.sound(0)).toBe('0a 2c');
});

test('a refusal stops the sending with its reason, until it is tried again', async () => {
  server.failures = [new ApiError('QUOTA', 'Delete recordings first.', 413)];
  const capture = await begin();
  await say(capture, 'a', true);
  await later(100_000);
  expect(capture.status).toMatchObject({ stopped: true, waitingSeconds: 2 });
  expect(capture.status.problem?.message).toBe('Delete recordings first.');
  capture.retry();
  await later(0);
  expect(capture.status).toMatchObject({ stopped: false, problem: undefined });
  expect(server.sound(0)).toBe('0a');
});

test('refused sound can be saved, one file per stream that can be played by itself', async () => {
  const capture = await begin();
  await say(capture, 'a', true);
  await say(capture, 'b');
  server.down = new ApiError('VALIDATION_ERROR', 'Not accepted.', 400);
  await say(capture, 'c');
  await say(capture, 'd', true);
  await say(capture, 'e');
  const files = await capture.files();
  expect(await Promise.all(files.map((file) => file.text()))).toEqual(['ac', 'de']);
  expect(files[0]!.type).toBe(OPTIONS.mediaType);
  // Nothing is taken away by saving.
  server.down = undefined;
  capture.retry();
  await later(0);
  expect(server.sound(0)).toBe('0a 1b 2c 3d 4e');
});

test('a discarded capture is removed from both, or stays if the server is not reached', async () => {
  const capture = await begin();
  await say(capture, 'a', true);
  server.failures = [new ConnectionError('lost')];
  await expect(capture.discard()).rejects.toThrow('lost');
  expect(await store.captures()).toHaveLength(1);
  await capture.discard();
  expect(server.captures[0]!.state).toBe('discarded');
  expect(await store.captures()).toEqual([]);
});

test('large pieces are sent as several chunks of one stream', async () => {
  const capture = await begin();
  const large = new Uint8Array(5 * 1024 * 1024).fill(97).buffer;
  await capture.push(large, { seconds: 2, startsStream: true });
  await later(0);
  const chunks = server.captures[0]!.chunks;
  expect([...chunks.values()].map((text) => text.length)).toEqual([3_145_728, 2_097_152]);
  expect(server.heads).toHaveLength(1);
  expect(capture.status.seconds).toBe(2);
});
