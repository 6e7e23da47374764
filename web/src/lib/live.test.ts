import { LiveConnection, type LiveState } from 'securetranscribe-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

class FakeSocket {
  static made: FakeSocket[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number }) => void;

  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }

  close(): void {
    this.onclose?.({ code: 1000 });
  }
}

beforeEach(() => {
  FakeSocket.made = [];
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function connect(): { live: LiveConnection; states: LiveState[] } {
  const live = new LiveConnection(() => 'ws://test/ws');
  const states: LiveState[] = [];
  live.on('state', (state) => states.push(state));
  return { live, states };
}

test('messages reach the handlers of their type', () => {
  const { live } = connect();
  const found: number[] = [];
  const stop = live.on('transcript_edited', (data) => found.push(data.revision));
  const send = (revision: number) =>
    FakeSocket.made[0]!.onmessage!({
      data: JSON.stringify({ type: 'transcript_edited', data: { revision } }),
    });
  send(2);
  stop();
  send(3);
  expect(found).toEqual([2]);
});

test('a lost connection is made again, later each time', () => {
  const { states } = connect();
  FakeSocket.made[0]!.onopen!();
  FakeSocket.made[0]!.onclose!({ code: 1006 });
  vi.advanceTimersByTime(750);
  expect(FakeSocket.made).toHaveLength(2);
  FakeSocket.made[1]!.onclose!({ code: 1006 });
  vi.advanceTimersByTime(400);
  expect(FakeSocket.made).toHaveLength(2);
  vi.advanceTimersByTime(1200);
  expect(FakeSocket.made).toHaveLength(3);
  FakeSocket.made[2]!.onopen!();
  expect(states).toEqual(['open', 'lost', 'open']);
});

test('an ended session and a closed connection are not made again', () => {
  const { live, states } = connect();
  FakeSocket.made[0]!.onclose!({ code: 4401 });
  vi.advanceTimersByTime(60_000);
  expect(FakeSocket.made).toHaveLength(1);
  expect(states).toEqual(['ended']);
  live.close();
  connect().live.close();
  vi.advanceTimersByTime(60_000);
  expect(FakeSocket.made).toHaveLength(2);
});
