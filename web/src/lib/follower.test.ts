import { LiveFollower, type Socket } from 'securetranscribe-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  closed = false;

  constructor(readonly url: string) {}

  send(): void {}

  close(): void {
    this.closed = true;
  }

  tell(type: string, data: object): void {
    this.onmessage?.({ data: JSON.stringify({ type, data }) });
  }
}

let made: FakeSocket[];
let follower: LiveFollower;

beforeEach(() => {
  vi.useFakeTimers();
  const own: FakeSocket[] = [];
  made = own;
  const calls = {
    hasToken: () => true,
    url: (after: number) => `ws://test?after_sequence=${after}`,
    check: async () => {},
  };
  follower = new LiveFollower(calls, (url) => {
    own.push(new FakeSocket(url));
    return own.at(-1)!;
  });
});

afterEach(() => {
  follower.close();
  vi.useRealTimers();
});

const begin = (socket: FakeSocket) => {
  socket.onopen!();
  socket.tell('begun', { transcription_id: 7, last_sequence: 2 });
};

test('a follower goes on behind the last result after a loss', async () => {
  const texts: string[] = [];
  follower.on('final', ({ text }) => texts.push(text));
  begin(made[0]!);
  made[0]!.tell('final', { segment: 1, sequence: 1, text: 'Hello' });
  made[0]!.tell('final', { segment: 2, sequence: 2, text: 'there' });
  made[0]!.onclose!({ code: 1012 });
  expect(follower.state).toBe('lost');
  await vi.advanceTimersByTimeAsync(0);
  expect(made[1]!.url).toBe('ws://test?after_sequence=2');
  begin(made[1]!);
  made[1]!.tell('final', { segment: 2, sequence: 2, text: 'there' });
  made[1]!.tell('final', { segment: 3, sequence: 3, text: 'Ada' });
  expect(texts).toEqual(['Hello', 'there', 'Ada']);
  expect(follower.state).toBe('open');
});

test('the end of the session ends the connection', () => {
  begin(made[0]!);
  made[0]!.tell('ended', { transcription_id: 7 });
  expect(follower.state).toBe('ended');
  expect(made[0]!.closed).toBe(true);
});

test('an access that has ended is told with its reason', () => {
  const reasons: unknown[] = [];
  follower.on('unavailable', (reason) => reasons.push(reason));
  begin(made[0]!);
  const error = { code: 'NOT_FOUND', message: 'There is no such transcription.', details: {} };
  made[0]!.tell('error', error);
  made[0]!.onclose!({ code: 1008 });
  expect(reasons).toMatchObject([{ code: 'NOT_FOUND' }]);
  expect(follower.state).toBe('ended');
});
