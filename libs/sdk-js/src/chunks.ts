/** Options of a capture, which hold for its transcription. */
export interface CaptureOptions {
  /** Kind of the chunks as `MediaRecorder` names it, for example `audio/webm;codecs=opus`. */
  mediaType: string;
  title?: string;
  /** ISO 639-1 code. Without it, the language is detected. */
  language?: string;
  channels?: "auto" | "mix" | "separate";
  voiceMemory?: boolean;
  numSpeakers?: number;
  minSpeakers?: number;
  maxSpeakers?: number;
  /** Whether its text is read while it is made, over a transport that does this. */
  live?: boolean;
}

/** A capture as this device knows it. */
export interface KeptCapture {
  /** Names it on this device. */
  key: string;
  /** Makes its creation on the server idempotent. */
  requestId: string;
  /** Absent until the server has created it. */
  captureId?: string;
  options: CaptureOptions;
  /** Milliseconds since 1970. */
  startedAt: number;
  /** Chunks so far. They are numbered from 0. */
  count: number;
  /** Seconds of sound so far. */
  seconds: number;
  /** Whether its sound is complete, and it ends once all of it has arrived. */
  ended: boolean;
}

/** A chunk without its bytes. */
export interface ChunkInfo {
  number: number;
  /** Whether it begins a media stream, with the header of the container. */
  startsStream: boolean;
  seconds: number;
  size: number;
  /** Whether the server has it. The first chunk of a stream is kept also after that. */
  sent: boolean;
}

export interface KeptChunk extends ChunkInfo {
  bytes: ArrayBuffer;
}

/** Keeps captures and chunks on this device until the server has them. */
export interface CaptureStore {
  captures(): Promise<KeptCapture[]>;
  /** Return the chunks of a capture in order, without their bytes. */
  chunks(key: string): Promise<ChunkInfo[]>;
  chunk(key: string, number: number): Promise<KeptChunk | undefined>;
  /** Write a capture and a chunk of it, both or neither. */
  save(capture: KeptCapture, chunk?: KeptChunk): Promise<void>;
  /** Write a capture with these chunks in place of all that it had, both or neither. */
  replace(capture: KeptCapture, chunks: readonly KeptChunk[]): Promise<void>;
  drop(key: string, number: number): Promise<void>;
  /** Remove a capture with its chunks. */
  remove(key: string): Promise<void>;
}

/** Keeps captures as long as the page is open, where nothing else is to be had. */
export class MemoryCaptureStore implements CaptureStore {
  readonly #captures = new Map<string, KeptCapture>();
  readonly #chunks = new Map<string, Map<number, KeptChunk>>();

  async captures(): Promise<KeptCapture[]> {
    return [...this.#captures.values()];
  }

  async chunks(key: string): Promise<ChunkInfo[]> {
    const found = [...(this.#chunks.get(key)?.values() ?? [])];
    return found.map(infoOf).sort((one, other) => one.number - other.number);
  }

  async chunk(key: string, number: number): Promise<KeptChunk | undefined> {
    return this.#chunks.get(key)?.get(number);
  }

  async save(capture: KeptCapture, chunk?: KeptChunk): Promise<void> {
    this.#captures.set(capture.key, { ...capture });
    if (!chunk) return;
    const chunks = this.#chunks.get(capture.key) ?? new Map();
    this.#chunks.set(capture.key, chunks.set(chunk.number, { ...chunk }));
  }

  async replace(
    capture: KeptCapture,
    chunks: readonly KeptChunk[],
  ): Promise<void> {
    this.#chunks.delete(capture.key);
    await this.save(capture);
    for (const chunk of chunks) await this.save(capture, chunk);
  }

  async drop(key: string, number: number): Promise<void> {
    this.#chunks.get(key)?.delete(number);
  }

  async remove(key: string): Promise<void> {
    this.#captures.delete(key);
    this.#chunks.delete(key);
  }
}

const CAPTURES = "captures";
const CHUNKS = "chunks";

/** Keeps captures in the browser's database, also when the page is reloaded or crashes. */
export class IndexedDbCaptureStore implements CaptureStore {
  #opened: Promise<IDBDatabase> | undefined;

  constructor(private readonly name: string) {}

  async captures(): Promise<KeptCapture[]> {
    const captures = await this.#store(CAPTURES, "readonly");
    return answer(captures.getAll() as IDBRequest<KeptCapture[]>);
  }

  async chunks(key: string): Promise<ChunkInfo[]> {
    const chunks = await this.#store(CHUNKS, "readonly");
    const found: ChunkInfo[] = [];
    return new Promise((resolve, reject) => {
      const request = chunks.openCursor(allOf(key));
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor) return resolve(found);
        found.push(infoOf(cursor.value as KeptChunk));
        cursor.continue();
      };
    });
  }

  async chunk(key: string, number: number): Promise<KeptChunk | undefined> {
    const chunks = await this.#store(CHUNKS, "readonly");
    return answer(chunks.get([key, number]));
  }

  async save(capture: KeptCapture, chunk?: KeptChunk): Promise<void> {
    await this.#write((captures, chunks) => {
      captures.put(capture);
      if (chunk) chunks.put({ ...chunk, key: capture.key });
    });
  }

  async replace(
    capture: KeptCapture,
    replacement: readonly KeptChunk[],
  ): Promise<void> {
    await this.#write((captures, chunks) => {
      chunks.delete(allOf(capture.key));
      captures.put(capture);
      for (const chunk of replacement) {
        chunks.put({ ...chunk, key: capture.key });
      }
    });
  }

  async drop(key: string, number: number): Promise<void> {
    await this.#write((_, chunks) => chunks.delete([key, number]));
  }

  async remove(key: string): Promise<void> {
    await this.#write((captures, chunks) => {
      captures.delete(key);
      chunks.delete(allOf(key));
    });
  }

  async #store(
    name: string,
    mode: IDBTransactionMode,
  ): Promise<IDBObjectStore> {
    const database = await this.#open();
    return database.transaction(name, mode).objectStore(name);
  }

  async #write(
    change: (captures: IDBObjectStore, chunks: IDBObjectStore) => void,
  ): Promise<void> {
    const database = await this.#open();
    await new Promise<void>((resolve, reject) => {
      const transaction = database.transaction([CAPTURES, CHUNKS], "readwrite");
      transaction.oncomplete = () => resolve();
      // A full disk aborts the transaction without an error of a request.
      transaction.onabort = () =>
        reject(
          transaction.error ?? new Error("The browser keeps no more data."),
        );
      change(
        transaction.objectStore(CAPTURES),
        transaction.objectStore(CHUNKS),
      );
    });
  }

  #open(): Promise<IDBDatabase> {
    this.#opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(this.name, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(CAPTURES, { keyPath: "key" });
        request.result.createObjectStore(CHUNKS, {
          keyPath: ["key", "number"],
        });
      };
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        // Lets another tab erase everything.
        request.result.onversionchange = () => {
          request.result.close();
          this.#opened = undefined;
        };
        resolve(request.result);
      };
    });
    this.#opened.catch(() => (this.#opened = undefined));
    return this.#opened;
  }
}

export function infoOf(chunk: KeptChunk): ChunkInfo {
  const { number, startsStream, seconds, size, sent } = chunk;
  return { number, startsStream, seconds, size, sent };
}

function allOf(key: string): IDBKeyRange {
  return IDBKeyRange.bound([key, 0], [key, Infinity]);
}

function answer<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error);
    request.onsuccess = () => resolve(request.result);
  });
}
