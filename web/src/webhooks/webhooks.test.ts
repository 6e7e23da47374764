import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import english from '../locales/en';
import { api } from '../lib/client';
import { Deliveries, EVENT_TYPES, type Delivery, type Webhook } from './webhooks.svelte';

const NOON = Date.parse('2026-11-29T12:00:00Z');
const webhook = { webhook_id: 'w1', active: true } as Webhook;

function delivery(state: Delivery['state'], next: string | null): Delivery {
  return { delivery_id: 'd', state, next_attempt_at: next, attempts: [] } as unknown as Delivery;
}

beforeEach(() => void vi.useFakeTimers({ now: NOON }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('each type of events has a text', () => {
  for (const type of EVENT_TYPES) expect(english).toHaveProperty([`webhooks.event.${type}`]);
});

test.each([
  ['waiting', '2026-11-29T12:00:00Z', true, true],
  // As a delivery whose attempt is in progress.
  ['waiting', '2026-11-29T12:01:30Z', true, true],
  ['waiting', '2026-11-29T12:05:00Z', true, false],
  ['waiting', '2026-11-29T12:00:00Z', false, false],
  ['delivered', null, true, false],
] as const)(
  'a delivery %s until %s of an active webhook (%s) is due: %s',
  (state, next, active, due) => {
    const log = new Deliveries(
      () => ({ ...webhook, active }),
      () => {},
    );
    log.list = [delivery(state, next)];
    expect(log.isMoving()).toBe(due);
  },
);

test('the log is read until no attempt is due', async () => {
  const pages = [
    [delivery('waiting', '2026-11-29T12:00:00Z')],
    [delivery('waiting', '2026-11-29T12:00:00Z')],
    [delivery('delivered', null)],
  ];
  const get = vi.spyOn(api, 'GET').mockImplementation((() => {
    const data = { data: { deliveries: pages.shift(), cursor: null } };
    return Promise.resolve({ data, response: new Response() });
  }) as never);
  const onread = vi.fn();
  const end = new Deliveries(() => webhook, onread).watch();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(get).toHaveBeenCalledTimes(3);
  expect(onread).toHaveBeenCalledTimes(3);
  end();
});

test('a test whose outcome is there at once shows what it did to the webhook', async () => {
  const data = { deliveries: [delivery('failed', null)], cursor: null };
  const answer = () => Promise.resolve({ data: { data }, response: new Response() });
  vi.spyOn(api, 'GET').mockImplementation(answer as never);
  vi.spyOn(api, 'POST').mockImplementation(answer as never);
  const onread = vi.fn();
  await new Deliveries(() => webhook, onread).test();
  expect(onread).toHaveBeenCalledOnce();
});

test('the log is read once more after an attempt has paused the webhook', async () => {
  const pages = [[delivery('waiting', '2026-11-29T12:00:00Z')], [delivery('failed', null)]];
  const get = vi.spyOn(api, 'GET').mockImplementation((() => {
    const data = { data: { deliveries: pages.shift(), cursor: null } };
    return Promise.resolve({ data, response: new Response() });
  }) as never);
  let active = true;
  const log = new Deliveries(
    () => ({ ...webhook, active }),
    () => (active = false),
  );
  const end = log.watch();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(get).toHaveBeenCalledTimes(2);
  expect(log.list[0]!.state).toBe('failed');
  end();
});
