import type { CaptureData } from 'securetranscribe-js';

import { t } from '../lib/i18n.svelte';
import { notices } from '../lib/notices.svelte';
import { router } from '../lib/router.svelte';
import { liveNotes } from '../live/notes.svelte';
import { noteKept, store, transport } from './kept';
import { owning, Sending } from './sending.svelte';

/** All recordings of this browser that are being sent or were interrupted. */
class Sendings {
  /** Those of this tab. */
  list = $state.raw<readonly Sending[]>([]);
  /** Those that are on the server only, for example of another device. */
  remote = $state.raw<readonly CaptureData[]>([]);
  /** The one that is being recorded. */
  active = $state.raw<Sending>();
  readonly interrupted = $derived(this.list.filter((one) => one !== this.active));
  #asked = new Set<string>();

  constructor() {
    addEventListener('beforeunload', (event) => {
      const waits = this.list.some((one) => one.status.waitingBytes > 0);
      if (this.active || waits) event.preventDefault();
    });
  }

  /** Add a recording that begins here. */
  add(sending: Sending): void {
    this.#asked.add(sending.key);
    sending.onparted = (id) => this.#parted(id);
    noteKept(true);
    this.list = [...this.list, sending];
  }

  /** Take up the recordings of earlier visits, and read which ones the server has. */
  async find(): Promise<void> {
    const [kept, known] = await Promise.all([
      store.captures(),
      transport.list().catch(() => undefined),
    ]);
    noteKept(kept.length > 0);
    for (const one of kept) void this.#adopt(one.key, known);
    const here = new Set([
      ...kept.map((one) => one.captureId),
      ...this.list.map((one) => one.captureId),
    ]);
    const open = known?.filter((one) => one.state === 'receiving' && !here.has(one.capture_id));
    if (open) this.remote = open;
  }

  /** End a recording. It becomes a transcription as soon as everything has arrived. */
  async finish(sending: Sending): Promise<number | undefined> {
    try {
      const { transcriptionId } = await sending.finish();
      liveNotes.end(sending.key, transcriptionId);
      return transcriptionId;
    } catch (error) {
      notices.fail(error);
      return undefined;
    } finally {
      await this.#remove(sending);
    }
  }

  /** End a recording, and offer its transcription. */
  async finishHere(sending: Sending): Promise<void> {
    const id = await this.finish(sending);
    if (id !== undefined) offer(id);
  }

  /** Delete a recording here and on the server. */
  async discard(sending: Sending): Promise<void> {
    await sending.discard();
    liveNotes.forget(sending.key);
    await this.#remove(sending);
  }

  /** Finish one of another device with what the server has. */
  async finishRemote(data: CaptureData): Promise<void> {
    const count = Math.max(data.next_chunk, ...data.missing.map((number) => number + 2));
    const { transcription_id: id } = await transport.finish(data.capture_id, count, true);
    this.#forget(data);
    if (id) offer(id);
  }

  async discardRemote(data: CaptureData): Promise<void> {
    await transport.discard(data.capture_id);
    this.#forget(data);
  }

  async #adopt(key: string, known: readonly CaptureData[] | undefined): Promise<void> {
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    await owning(key, async () => {
      const kept = (await store.captures()).find((one) => one.key === key);
      if (!kept) return;
      if (kept.count === 0) return store.remove(key);
      const data = known?.find((one) => one.capture_id === kept.captureId);
      const sending = await Sending.resume(kept, data);
      const released = new Promise<void>((release) => sending.onrelease(release));
      this.add(sending);
      const done = data?.state === 'completed' && sending.status.waitingBytes === 0;
      if (kept.ended || done) void this.finishHere(sending);
      await released;
    });
    this.#asked.delete(key);
  }

  #parted(id: number | undefined): void {
    const text = t(id === undefined ? 'record.parted_unknown' : 'record.parted');
    const action = { label: t('record.open'), run: () => router.go(`/t/${id}`) };
    notices.add({ kind: 'danger', text, ...(id === undefined ? {} : { action }) });
  }

  async #remove(sending: Sending): Promise<void> {
    this.list = this.list.filter((one) => one !== sending);
    noteKept((await store.captures()).length > 0);
  }

  #forget(data: CaptureData): void {
    this.remote = this.remote.filter((one) => one !== data);
  }
}

/** Offer the transcription that a recording became. */
export function offer(id: number): void {
  const action = { label: t('record.open'), run: () => router.go(`/t/${id}`) };
  notices.add({ kind: 'success', text: t('record.arrived'), action });
}

export const sendings = new Sendings();
