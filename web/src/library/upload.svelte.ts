import type { HttpResponse, Upload as Transfer } from 'tus-js-client';

import { api, client } from '../lib/client';
import { t } from '../lib/i18n.svelte';
import { textOf } from '../lib/notices.svelte';
import { digestOf } from './digest';
import { Pace } from './pace';
import { patience, refusalOf, type Refusal } from './refusal';
import { speakerNumbers, type SpeakerChoice } from './speakers';

export interface UploadOptions {
  /** Empty for detection, or what the session prefers. */
  language: string;
  channels: 'auto' | 'mix' | 'separate';
  speakers: SpeakerChoice;
  start: boolean;
  /** Whether voices are remembered and recognized. */
  voices: boolean;
  /** Whether a recording that breaks off is accepted as far as it goes. */
  truncated: boolean;
}

/**
 * `unfinished` is one of an earlier visit, whose file must be chosen again. `retrying` waits for
 * the network or the server.
 */
export type Phase =
  | 'unfinished'
  | 'checking'
  | 'duplicate'
  | 'waiting'
  | 'sending'
  | 'retrying'
  | 'paused'
  | 'done'
  | 'refused';

const ENDPOINT = '/api/uploads';
/** A multiple of 5 MiB needs no copies in the object store. */
const PIECE = 10 * 1024 * 1024;
let last = 0;

/** Upload of one file, in pieces. */
export class Upload {
  readonly key = ++last;
  phase = $state<Phase>('checking');
  sent = $state(0);
  speed = $state<number | undefined>();
  /** Seconds until the end. */
  left = $state<number | undefined>();
  /** Why it is refused or waits. */
  reason = $state('');
  /** Transcriptions of the same file. */
  duplicates = $state.raw<readonly number[]>([]);
  transcriptionId: number | undefined;
  digest: string | undefined;
  #transfer: Transfer | undefined;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #pace = new Pace();
  readonly #gone = new AbortController();

  /** `changed` is called when another upload may have its turn. */
  constructor(
    readonly name: string,
    readonly size: number,
    private file: File | undefined,
    private readonly options: UploadOptions,
    private readonly changed: () => void,
    public id?: string,
  ) {
    if (!file) this.phase = 'unfinished';
  }

  /** Whether it takes one of the places for uploads at the same time. */
  get busy(): boolean {
    return this.phase === 'sending' || this.phase === 'retrying';
  }

  /** Look whether the file is already there, or is among the other uploads. */
  async check(file: File, isTaken: (digest: string) => boolean): Promise<void> {
    this.file = file;
    if (this.#gone.signal.aborted) return;
    this.digest = await digestOf(file, this.#gone.signal);
    if (this.#gone.signal.aborted) return;
    if (this.id && this.#isAnother()) this.id = undefined;
    if (this.digest && !this.id) this.duplicates = await duplicatesOf(this.digest);
    const taken = this.digest !== undefined && isTaken(this.digest);
    this.phase = taken || this.duplicates.length > 0 ? 'duplicate' : 'waiting';
    this.changed();
  }

  /** Send what is left. */
  async send(): Promise<void> {
    this.phase = 'sending';
    this.reason = '';
    this.#pace.reset();
    const { Upload: Tus } = await import('tus-js-client');
    if (this.phase !== 'sending') return;
    const endpoint = new URL(ENDPOINT, location.href).href;
    this.#transfer = new Tus(this.file!, {
      // With an endpoint, the client would begin again after any refusal to tell the offset.
      ...(this.id ? { uploadUrl: `${endpoint}/${this.id}` } : { endpoint }),
      chunkSize: PIECE,
      retryDelays: null,
      storeFingerprintForResuming: false,
      metadata: this.#metadata(),
      onUploadUrlAvailable: () => this.#created(),
      onProgress: (sent) => this.#progress(sent),
      onSuccess: ({ lastResponse }) => this.#done(lastResponse),
      onError: (error) => this.#failed(refusalOf(error)),
    });
    this.#transfer.start();
  }

  /** Stop until it is resumed. */
  async pause(): Promise<void> {
    clearTimeout(this.#timer);
    this.phase = 'paused';
    this.speed = this.left = undefined;
    await this.#transfer?.abort();
    this.changed();
  }

  /** Wait for a place, for example after a pause, or although there is a duplicate. */
  resume(): void {
    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.phase = 'waiting';
    this.changed();
  }

  /** Go on at once if it waits for the network. */
  retry(): void {
    if (this.phase !== 'retrying') return;
    clearTimeout(this.#timer);
    void this.send();
  }

  /** Stop for good, and remove what the server has of it. */
  async cancel(): Promise<void> {
    this.#gone.abort();
    clearTimeout(this.#timer);
    const { id } = this;
    const refused = this.phase === 'refused';
    this.phase = 'done';
    await this.#transfer?.abort();
    this.#forget();
    this.changed();
    if (!id || refused) return;
    await client.call(
      api.DELETE('/api/uploads/{upload_id}', { params: { path: { upload_id: id } } }),
    );
  }

  #isAnother(): boolean {
    const known = localStorage.getItem(digestKey(this.id!));
    return known !== null && known !== this.digest;
  }

  #metadata(): Record<string, string> {
    const { language, channels, speakers, start, voices, truncated } = this.options;
    return {
      filename: this.name,
      ...(language ? { language } : {}),
      ...(channels === 'auto' ? {} : { channels }),
      ...Object.fromEntries(
        Object.entries(speakerNumbers(speakers)).map(([name, value]) => [name, String(value)]),
      ),
      auto_start: String(start),
      ...(voices ? {} : { voice_memory: 'false' }),
      ...(truncated ? { allow_truncated: 'true' } : {}),
    };
  }

  #created(): void {
    this.id = this.#transfer!.url!.split('/').at(-1)!;
    if (this.digest) localStorage.setItem(digestKey(this.id), this.digest);
  }

  #progress(sent: number): void {
    if (this.phase !== 'sending') return;
    if (sent > this.sent) this.#attempt = 0;
    this.#pace.note(sent, performance.now());
    this.sent = sent;
    this.speed = this.#pace.speed;
    this.left = this.#pace.left(this.size);
  }

  #done(response: HttpResponse): void {
    const found = Number(response.getHeader('Transcription-Id'));
    this.transcriptionId = found || undefined;
    this.sent = this.size;
    this.phase = 'done';
    this.#forget();
    this.changed();
  }

  #failed(refusal: Refusal): void {
    if (this.phase !== 'sending') return;
    this.speed = this.left = undefined;
    if (refusal.status === 404 && this.id) {
      this.#forget();
      this.id = undefined;
      this.sent = 0;
      void this.send();
      return;
    }
    const seconds = patience(refusal, this.#attempt++);
    this.reason =
      refusal.message || t(refusal.status ? 'library.upload.busy' : 'library.upload.lost');
    if (seconds === undefined) {
      this.phase = 'refused';
      this.#forget();
    } else {
      this.phase = 'retrying';
      this.#timer = setTimeout(() => this.retry(), seconds * 1000);
    }
    this.changed();
  }

  #forget(): void {
    if (this.id) localStorage.removeItem(digestKey(this.id));
  }
}

function digestKey(id: string): string {
  return `upload:${id}`;
}

async function duplicatesOf(sha256: string): Promise<readonly number[]> {
  try {
    const query = { sha256 };
    const { data } = await client.call(api.GET('/api/uploads/duplicates', { params: { query } }));
    return data.transcription_ids;
  } catch (error) {
    // The upload itself reports what is wrong.
    console.info(textOf(error));
    return [];
  }
}
