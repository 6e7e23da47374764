import { ApiError, ConnectionError } from 'securetranscribe-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { account } from '../accounts/account.svelte';
import { api, client } from '../lib/client';
import { t } from '../lib/i18n.svelte';
import { notices } from '../lib/notices.svelte';
import { session } from './session.svelte';

const refused = new ApiError('CONFLICT', 'The session has not ended.', 409);
const lost = new ConnectionError('lost');
/** Id of the session that the browser's cookie has. */
let current: string;
/** What becomes of the attempts to resume, the next one first. */
let attempts: (() => void)[];

beforeEach(() => {
  vi.useFakeTimers();
  current = 'empty';
  attempts = [];
  sessionStorage.setItem('session-replaced', '');
  session.replaced = true;
  vi.spyOn(api, 'GET').mockImplementation((() => {
    const data = { data: { session_id: current } };
    return Promise.resolve({ data, response: new Response() });
  }) as never);
  vi.spyOn(api, 'POST').mockImplementation((() => Promise.resolve()) as never);
  const call = client.call.bind(client);
  vi.spyOn(client, 'call').mockImplementation((async (answer: Promise<object | undefined>) => {
    if (await answer) return call(answer as never);
    attempts.shift()!();
    return {};
  }) as never);
  vi.spyOn(location, 'reload').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const { id } of notices.list) notices.remove(id);
  session.forget();
});

const fail = (error: Error) => () => {
  throw error;
};

/** The session is resumed, and its cookie arrives without the rest of the answer. */
function breakOff(): void {
  current = 'resumed';
  throw lost;
}

async function resume(): Promise<void> {
  const done = session.resume();
  await vi.runAllTimersAsync();
  await done;
}

function expectBack(): void {
  expect(location.reload).toHaveBeenCalledTimes(1);
  expect(session.replaced).toBe(false);
  expect(notices.list).toEqual([]);
}

test('a lost answer is asked for again', async () => {
  attempts = [fail(lost), fail(new ApiError('INTERNAL', 'Failed.', 502)), () => undefined];
  await resume();
  expect(attempts).toEqual([]);
  expectBack();
});

test('work is back although the answer broke off after its cookie', async () => {
  attempts = [breakOff, fail(refused)];
  await resume();
  expectBack();
});

test('work is back although no attempt was answered, also in the next one', async () => {
  attempts = [fail(lost), fail(lost), fail(lost), breakOff];
  await resume();
  expect(location.reload).not.toHaveBeenCalled();
  expect(session.replaced).toBe(true);
  expect(notices.list.map((one) => one.text)).toEqual([t('error.connection')]);
  notices.remove(notices.list[0]!.id);
  attempts = [fail(refused)];
  await resume();
  expectBack();
});

test('work that another tab has brought back is shown', async () => {
  sessionStorage.setItem('session-replaced', 'empty');
  current = 'resumed';
  attempts = [fail(new ApiError('AUTHENTICATION_ERROR', 'It was used.', 401))];
  await resume();
  expectBack();
});

test('work that is gone is reported, and not asked for again', async () => {
  attempts = [fail(refused)];
  await resume();
  expect(location.reload).not.toHaveBeenCalled();
  expect(session.replaced).toBe(false);
  expect(notices.list.map((one) => one.text)).toEqual([t('session.lost')]);
});

test('without a connection it is asked again and again whether the sign-in has ended', async () => {
  let tell: (state: string) => void = () => undefined;
  vi.spyOn(client, 'on').mockImplementation(((_: string, listener: typeof tell) => {
    tell = listener;
    return () => undefined;
  }) as never);
  const follow = vi.spyOn(account, 'follow').mockResolvedValue();
  const stop = session.watch();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(follow).not.toHaveBeenCalled();
  tell('lost');
  await vi.advanceTimersByTimeAsync(10_500);
  expect(follow).toHaveBeenCalledTimes(3);
  tell('open');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(follow).toHaveBeenCalledTimes(4);
  tell('lost');
  session.ended = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(follow).toHaveBeenCalledTimes(5);
  session.ended = false;
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(follow).toHaveBeenCalledTimes(5);
});
