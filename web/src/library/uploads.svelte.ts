import { api, client } from '../lib/client';
import { t } from '../lib/i18n.svelte';
import { notices } from '../lib/notices.svelte';
import { Upload, type UploadOptions } from './upload.svelte';

/** Uploads at the same time. The server gives each session few places. */
const AT_ONCE = 2;
const OPTIONS = 'upload-options';
const DEFAULTS: UploadOptions = {
  language: '',
  channels: 'auto',
  speakers: { number: '' },
  start: true,
  voices: true,
  truncated: false,
};
type Message = { kind: 'ask' } | { kind: 'mine'; ids: string[] };

/** All uploads of this tab. They go on while other pages are shown. */
class Uploads {
  list = $state.raw<readonly Upload[]>([]);
  options = $state<UploadOptions>(savedOptions());
  /** Number of recordings that arrived in this visit. */
  arrived = $state(0);
  #checks: Promise<void> = Promise.resolve();
  #handlers = new Set<(upload: Upload) => void>();
  readonly #tabs = new BroadcastChannel('uploads');

  constructor() {
    this.#tabs.onmessage = ({ data }: MessageEvent<Message>) => this.#heard(data);
    addEventListener('online', () => this.list.forEach((upload) => upload.retry()));
    addEventListener('beforeunload', (event) => {
      if (this.list.some((upload) => upload.busy)) event.preventDefault();
    });
  }

  /** Call `handler` with each upload that has arrived. Return a function that ends this. */
  onArrival(handler: (upload: Upload) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Keep options for later visits. */
  saveOptions(): void {
    localStorage.setItem(OPTIONS, JSON.stringify(this.options));
  }

  /** Upload files, or go on with those that were interrupted. */
  add(files: readonly File[]): void {
    for (const file of files) {
      const found = this.list.find(
        (one) => one.phase === 'unfinished' && one.name === file.name && one.size === file.size,
      );
      const upload = found ?? this.#make(file.name, file.size, file);
      if (file.size === 0) {
        upload.phase = 'refused';
        upload.reason = t('library.upload.empty');
      } else {
        upload.phase = 'checking';
        // One after the other, as each reads a whole file.
        this.#checks = this.#checks.then(() => this.#check(upload, file));
      }
    }
  }

  /** Offer the unfinished uploads of earlier visits. */
  async find(): Promise<void> {
    const { data } = await client.call(api.GET('/api/uploads'));
    const known = new Set(this.list.map((upload) => upload.id));
    for (const one of data.uploads) {
      if (one.state !== 'receiving' || known.has(one.upload_id)) continue;
      this.#make(one.filename, one.size, undefined, one.upload_id).sent = one.offset;
    }
    this.#tabs.postMessage({ kind: 'ask' } satisfies Message);
  }

  /** Stop an upload and take it from the list. */
  async cancel(upload: Upload): Promise<void> {
    this.list = this.list.filter((one) => one !== upload);
    try {
      await upload.cancel();
    } catch (error) {
      notices.fail(error);
    }
  }

  #make(name: string, size: number, file: File | undefined, id?: string): Upload {
    const options = $state.snapshot(this.options);
    const upload: Upload = new Upload(name, size, file, options, () => this.#changed(upload), id);
    this.list = [...this.list, upload];
    return upload;
  }

  async #check(upload: Upload, file: File): Promise<void> {
    if (!this.list.includes(upload)) return;
    const others = this.list.filter((one) => one !== upload && one.phase !== 'refused');
    await upload.check(file, (digest) => others.some((one) => one.digest === digest));
  }

  #changed(upload: Upload): void {
    if (upload.phase === 'done' && this.list.includes(upload)) {
      this.list = this.list.filter((one) => one !== upload);
      this.arrived++;
      for (const handler of this.#handlers) handler(upload);
    }
    this.#fill();
  }

  #fill(): void {
    let free = AT_ONCE - this.list.filter((upload) => upload.busy).length;
    for (const upload of this.list) {
      if (free <= 0) return;
      if (upload.phase !== 'waiting') continue;
      free--;
      void upload.send();
    }
  }

  #heard(message: Message): void {
    if (message.kind === 'ask') {
      const ids = this.list
        .filter((upload) => upload.phase !== 'unfinished')
        .map((upload) => upload.id)
        .filter((id) => id !== undefined);
      if (ids.length > 0) this.#tabs.postMessage({ kind: 'mine', ids } satisfies Message);
    } else {
      this.list = this.list.filter(
        (upload) => upload.phase !== 'unfinished' || !message.ids.includes(upload.id!),
      );
    }
  }
}

function savedOptions(): UploadOptions {
  try {
    const saved = JSON.parse(localStorage.getItem(OPTIONS) ?? '{}') as Partial<UploadOptions>;
    return { ...DEFAULTS, ...saved };
  } catch {
    return { ...DEFAULTS };
  }
}

export const uploads = new Uploads();
