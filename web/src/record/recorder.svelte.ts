import { t, type Key } from '../lib/i18n.svelte';
import { notices } from '../lib/notices.svelte';
import { router } from '../lib/router.svelte';
import { active } from './active.svelte';
import { LoudnessGauge, type Loudness } from './level';
import { reserve } from './lock';
import { Sending } from './sending.svelte';
import { offer, sendings } from './sendings.svelte';
import { optionsOf, settings } from './settings.svelte';
import { Source, SourceError, type SourceKind, type SourceProblem } from './source';
import { Stopwatch } from './stopwatch';
import { keepAwake } from './wake';

export type Phase = 'idle' | 'starting' | 'recording' | 'paused';

/** Milliseconds of sound per chunk. Words cannot be shown sooner than the sound is sent. */
const SLICE = 2000;
const SLICE_WITH_WORDS = 250;
/** Milliseconds between two readings of level and time. */
const TICK = 100;
/** Bits per second of each channel. Speech needs no more. */
const RATE = 64_000;
/** Milliseconds in which people wait for the transcript. After that, a notice offers it. */
const PATIENCE = 15_000;

/** Records sound and sends it while it is made. It goes on while other pages are shown. */
export class Recorder {
  phase = $state<Phase>('idle');
  seconds = $state(0);
  /** Level and loudness of each channel. */
  levels = $state.raw<readonly number[]>([]);
  loudness = $state.raw<readonly Loudness[]>([]);
  /** Whether it paused because the source had ended. */
  interrupted = $state(false);
  /** Why it could not start or go on. */
  problem = $state<SourceProblem | 'elsewhere'>();
  /** What happened last, for screen readers. */
  announced = $state('');
  readonly #watch = new Stopwatch();
  #source: Source | undefined;
  #recorder: MediaRecorder | undefined;
  #stopped: Promise<void> = Promise.resolve();
  #gauges: LoudnessGauge[] = [];
  #counted = 0;
  #unlock: (() => void) | undefined;
  #rest: (() => void) | undefined;
  #connected = true;

  get sending(): Sending | undefined {
    return sendings.active;
  }

  /** Start a recording, or go on with an interrupted one. */
  async start({ title = '', sending }: { title?: string; sending?: Sending } = {}): Promise<void> {
    if (this.phase !== 'idle') return;
    this.phase = 'starting';
    this.problem = undefined;
    this.#unlock = await reserve();
    if (!this.#unlock) return this.#fail('elsewhere');
    const separate = sending?.options.channels === 'separate';
    const source = await this.#open(separate ? 'both' : settings.source);
    if (!source) return;
    void navigator.storage?.persist?.();
    // Other pages need it, also without a connection.
    void import('./RecordBar.svelte').catch(() => {});
    const used = sending ?? (await Sending.begin(optionsOf(title)));
    if (sending) sending.followWords();
    else sendings.add(used);
    sendings.active = used;
    active.recorder = this;
    this.#rest = keepAwake();
    this.#watch.reset(used.status.seconds);
    this.#counted = used.status.seconds;
    this.#record(source);
    this.#announce('record.said.started');
  }

  /** Pause or go on. */
  toggle(): void {
    if (this.phase === 'recording') this.pause();
    else void this.resume();
  }

  /** Stop until `resume`. What was said so far is sent. */
  pause(): void {
    if (this.phase !== 'recording') return;
    this.#recorder?.requestData();
    this.#recorder?.pause();
    this.#watch.stop();
    this.phase = 'paused';
    this.levels = this.levels.map(() => 0);
    this.#announce('record.said.paused');
  }

  /** Go on after a pause, with the source opened again if it had ended. */
  async resume(): Promise<void> {
    if (this.phase !== 'paused') return;
    if (this.#recorder?.state === 'paused') {
      this.#recorder.resume();
      this.#watch.start();
      this.phase = 'recording';
    } else {
      this.phase = 'starting';
      const separate = this.sending?.options.channels === 'separate';
      const source = await this.#open(separate ? 'both' : settings.source);
      if (!source) return;
      this.#record(source);
    }
    this.#announce('record.said.resumed');
  }

  /** End the recording, and show its transcript once everything has arrived. */
  async finish(): Promise<void> {
    const sending = await this.#end();
    if (!sending) return;
    if (sending.status.seconds === 0) {
      await sendings.discard(sending).catch((error) => notices.fail(error));
      notices.add({ kind: 'info', text: t('record.nothing') });
      return;
    }
    this.#announce('record.said.ended');
    const ended = performance.now();
    this.#followEnd(sending);
    const id = await sendings.finish(sending);
    if (id === undefined) return;
    const { route } = router;
    if (route.page === 'transcript' && route.id === id) return;
    const waits = router.route.page === 'record' && this.phase === 'idle';
    if (waits && performance.now() - ended < PATIENCE) router.go(`/t/${id}`);
    else offer(id);
  }

  /** Show the page of the transcript, where the last words arrive as long as it is not there. */
  #followEnd({ status, words }: Sending): void {
    const id = status.connected ? words?.transcriptionId : undefined;
    if (id !== undefined && router.route.page === 'record') router.go(`/t/${id}`);
  }

  /** End the recording and delete it. If the server is not reached, it stays as interrupted. */
  async discard(): Promise<void> {
    const sending = await this.#end();
    if (sending) await sendings.discard(sending);
  }

  async #end(): Promise<Sending | undefined> {
    const { sending } = this;
    if (!sending || this.phase === 'starting') return undefined;
    this.phase = 'starting';
    await this.#halt();
    this.#reset();
    return sending;
  }

  #record(source: Source): void {
    const options = {
      mimeType: this.sending!.options.mediaType,
      audioBitsPerSecond: RATE * source.channels,
    };
    const recorder = new MediaRecorder(source.stream, options);
    let startsStream = true;
    let written: Promise<unknown> = Promise.resolve();
    recorder.ondataavailable = ({ data }) => {
      if (data.size === 0) return;
      const now = this.#watch.seconds;
      const about = { seconds: Math.max(0, now - this.#counted), startsStream };
      this.#counted = now;
      startsStream = false;
      const { sending } = this;
      written = written.then(async () => sending!.push(await data.arrayBuffer(), about));
    };
    this.#stopped = new Promise((resolve) => {
      recorder.onstop = () => {
        resolve(written.then(() => undefined));
        // It stops by itself if all tracks have ended, or if it cannot encode any more.
        if (this.#recorder === recorder && this.phase === 'recording') void this.#interrupt();
      };
    });
    source.onended = () => void this.#interrupt();
    this.#source = source;
    this.#recorder = recorder;
    this.#gauges = source.levels().map(() => new LoudnessGauge());
    recorder.start(this.sending!.words ? SLICE_WITH_WORDS : SLICE);
    this.#watch.start();
    this.interrupted = false;
    this.phase = 'recording';
    this.#tick(source);
  }

  async #interrupt(): Promise<void> {
    if (this.phase !== 'recording' && this.phase !== 'paused') return;
    this.interrupted = true;
    this.phase = 'paused';
    await this.#halt();
    this.#announce('record.said.interrupted');
  }

  async #halt(): Promise<void> {
    this.#watch.stop();
    const recorder = this.#recorder;
    if (recorder && recorder.state !== 'inactive') recorder.stop();
    await this.#stopped;
    this.#source?.close();
    this.#source = this.#recorder = undefined;
    this.levels = this.loudness = [];
  }

  #tick(source: Source): void {
    if (this.#source !== source) return;
    if (this.phase === 'recording') {
      this.seconds = this.#watch.seconds;
      const found = source.levels();
      this.levels = found.map((one) => one.level);
      this.#hear(
        found.map(({ level, clipped }, at) => this.#gauges[at]!.note(level, clipped, this.seconds)),
      );
    }
    this.#follow();
    setTimeout(() => this.#tick(source), TICK);
  }

  #hear(loudness: readonly Loudness[]): void {
    if (loudness.join() !== this.loudness.join()) this.loudness = loudness;
  }

  /** Tell when the connection is lost or back. */
  #follow(): void {
    const connected = this.sending?.status.connected ?? true;
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#announce(connected ? 'record.said.back' : 'record.said.lost');
  }

  async #open(kind: SourceKind): Promise<Source | undefined> {
    try {
      this.problem = undefined;
      return await Source.open(kind, settings.device);
    } catch (error) {
      this.#fail(error instanceof SourceError ? error.problem : 'failed');
      return undefined;
    }
  }

  #fail(problem: SourceProblem | 'elsewhere'): void {
    this.problem = problem;
    if (this.sending) this.phase = 'paused';
    else this.#reset();
  }

  #reset(): void {
    sendings.active = undefined;
    active.recorder = undefined;
    this.#unlock?.();
    this.#rest?.();
    this.#unlock = this.#rest = undefined;
    this.#watch.reset(0);
    this.seconds = 0;
    this.levels = this.loudness = [];
    this.interrupted = false;
    this.#connected = true;
    this.phase = 'idle';
  }

  #announce(key: Key): void {
    this.announced = t(key);
  }
}

/** The recorder of this tab. */
export const recorder = new Recorder();
