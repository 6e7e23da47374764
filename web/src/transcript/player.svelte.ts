import type { Document } from './document.svelte';
import { afterSilence } from './timeline';

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const KEY = 'player';

interface Kept {
  speed: number;
  skipSilence: boolean;
  follow: boolean;
}

/** Plays the copy of the recording, and knows the time while it does. */
export class Player {
  readonly audio = new Audio();
  time = $state(0);
  duration = $state(0);
  playing = $state(false);
  /** Whether there is a copy to play, `undefined` until that is known. */
  available = $state<boolean>();
  speed = $state(1);
  skipSilence = $state(false);
  follow = $state(true);
  /** Stretch that is repeated. */
  loop = $state.raw<{ from: number; to: number }>();
  #end: number | undefined;
  #frame = 0;
  /** Whether to play once it is known that there is a copy. */
  #wanted = false;

  constructor(private readonly document: Document) {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>;
    this.skipSilence = kept.skipSilence ?? false;
    this.follow = kept.follow ?? true;
    this.duration = document.status?.file_info.duration ?? 0;
    this.audio.preload = 'metadata';
    this.audio.onloadedmetadata = () => {
      this.available = true;
      if (Number.isFinite(this.audio.duration)) this.duration = this.audio.duration;
      this.setSpeed(kept.speed ?? 1);
      if (!this.#wanted) return;
      this.audio.currentTime = this.time;
      void this.#start();
    };
    this.audio.onerror = () => (this.available = false);
    this.audio.onplay = () => {
      this.playing = true;
      this.#tick();
    };
    this.audio.onpause = this.audio.onended = () => {
      this.playing = false;
      cancelAnimationFrame(this.#frame);
      this.time = this.audio.currentTime;
    };
    this.audio.onseeked = () => (this.time = this.audio.currentTime);
    this.audio.src = `/api/transcription/${document.id}/playback`;
  }

  /** Play from the current time, or stop. */
  toggle(): void {
    this.#end = undefined;
    if (this.playing || this.#wanted) this.pause();
    else void this.#start();
  }

  /** Go to a time. Without a copy, only the place in the text changes. */
  seek(time: number): void {
    const within = Math.max(0, Math.min(time, this.duration || time));
    this.#end = undefined;
    this.time = within;
    if (this.loop && (within < this.loop.from || within >= this.loop.to)) this.loop = undefined;
    if (this.available) this.audio.currentTime = within;
  }

  /** Play from a time on, up to `end` if it is given. */
  play(time: number, end?: number): void {
    this.seek(time);
    this.#end = end;
    void this.#start();
  }

  /** Stop playing. */
  pause(): void {
    this.#wanted = false;
    this.audio.pause();
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    this.audio.playbackRate = speed;
    this.#keep();
  }

  /** Choose the next higher or lower speed. */
  faster(step: 1 | -1): void {
    const place = SPEEDS.findIndex((speed) => speed >= this.speed);
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, place + step))]!);
  }

  setSkipSilence(skip: boolean): void {
    this.skipSilence = skip;
    this.#keep();
  }

  setFollow(follow: boolean): void {
    this.follow = follow;
    this.#keep();
  }

  /** Stop and release the recording. */
  close(): void {
    cancelAnimationFrame(this.#frame);
    this.pause();
    this.audio.removeAttribute('src');
  }

  async #start(): Promise<void> {
    this.#wanted = this.available === undefined;
    if (!this.available) return;
    // A browser may refuse to play before the first click. The button then still shows "play".
    await this.audio.play().catch(() => undefined);
  }

  #tick(): void {
    this.#frame = requestAnimationFrame(() => {
      if (!this.playing) return;
      this.#move(this.audio.currentTime);
      this.#tick();
    });
  }

  #move(time: number): void {
    this.time = time;
    if (this.#end !== undefined && time >= this.#end) {
      this.audio.pause();
    } else if (this.loop && time >= this.loop.to) {
      this.audio.currentTime = this.loop.from;
    } else if (this.skipSilence && !this.audio.seeking) {
      const next = afterSilence(this.document.segments, time);
      if (next !== undefined) this.audio.currentTime = next;
    }
  }

  #keep(): void {
    const { speed, skipSilence, follow } = this;
    localStorage.setItem(KEY, JSON.stringify({ speed, skipSilence, follow } satisfies Kept));
  }
}
