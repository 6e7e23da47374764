import { isClipped, levelOf } from './level';

/** `computer` is the sound of a tab or, where the system offers it, of everything. */
export type SourceKind = 'microphone' | 'computer' | 'both';
export type SourceProblem = 'denied' | 'missing' | 'busy' | 'cancelled' | 'no_sound' | 'failed';

/** A source cannot be used. */
export class SourceError extends Error {
  constructor(readonly problem: SourceProblem) {
    super(problem);
  }
}

/** Level of one channel, and whether it is cut off. */
export interface Level {
  level: number;
  clipped: boolean;
}

/** Containers by preference, with those of Safari last. */
const TYPES = [
  'audio/webm;codecs=opus',
  'audio/ogg;codecs=opus',
  'audio/mp4;codecs=opus',
  'audio/mp4',
];

/** Return the kind of media that the browser records. */
export function mediaType(): string {
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? '';
}

/** Whether the browser records at all, which it does over HTTPS and on localhost only. */
export function canRecord(): boolean {
  if (!isSecureContext || !navigator.mediaDevices) return false;
  return 'MediaRecorder' in globalThis && mediaType() !== '';
}

/** Whether the browser records the sound of the computer. */
export function canShare(): boolean {
  return canRecord() && 'getDisplayMedia' in navigator.mediaDevices;
}

/** Return the microphones. Before the first permission, they have no names. */
export async function microphones(): Promise<MediaDeviceInfo[]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((one) => one.kind === 'audioinput' && one.deviceId && one.label);
}

/** An open source of sound. */
export class Source {
  /** Called once it ends by itself, for example because a device was unplugged. */
  onended: (() => void) | undefined;
  readonly #meters: AnalyserNode[] = [];
  readonly #samples = new Float32Array(2048);

  constructor(
    readonly stream: MediaStream,
    private readonly parts: readonly MediaStream[],
    private readonly context: AudioContext,
    inputs: readonly AudioNode[],
  ) {
    for (const input of inputs) {
      const meter = new AnalyserNode(context, { fftSize: this.#samples.length });
      input.connect(meter);
      this.#meters.push(meter);
    }
    for (const part of parts) {
      for (const track of part.getAudioTracks()) track.onended = () => this.onended?.();
    }
  }

  /**
   * Open a source. `both` has the microphone on the left and the computer on the right.
   *
   * @throws SourceError
   */
  static async open(kind: SourceKind, device: string): Promise<Source> {
    const parts: MediaStream[] = [];
    try {
      // Browsers show the dialog only shortly after a click, so it comes first.
      if (kind !== 'microphone') parts.push(await openComputer());
      if (kind !== 'computer') parts.unshift(await openMicrophone(device));
      return join(parts);
    } catch (error) {
      for (const part of parts) stop(part);
      throw error;
    }
  }

  get channels(): number {
    return this.#meters.length;
  }

  /** Return the levels of its channels now. */
  levels(): Level[] {
    return this.#meters.map((meter) => {
      meter.getFloatTimeDomainData(this.#samples);
      return { level: levelOf(this.#samples), clipped: isClipped(this.#samples) };
    });
  }

  /** Release the devices. */
  close(): void {
    this.onended = undefined;
    for (const part of this.parts) stop(part);
    void this.context.close();
  }
}

function join(parts: readonly MediaStream[]): Source {
  const context = new AudioContext();
  void context.resume();
  const inputs = parts.map((part) => {
    const gain = new GainNode(context, { channelCount: 1, channelCountMode: 'explicit' });
    context.createMediaStreamSource(new MediaStream(part.getAudioTracks())).connect(gain);
    return gain;
  });
  if (parts.length === 1) {
    const stream = new MediaStream(parts[0]!.getAudioTracks());
    return new Source(stream, parts, context, inputs);
  }
  const merger = new ChannelMergerNode(context, { numberOfInputs: parts.length });
  inputs.forEach((input, channel) => input.connect(merger, 0, channel));
  const output = new MediaStreamAudioDestinationNode(context, { channelCount: parts.length });
  merger.connect(output);
  return new Source(output.stream, parts, context, inputs);
}

async function openMicrophone(device: string): Promise<MediaStream> {
  const { mediaDevices } = navigator;
  try {
    return await mediaDevices.getUserMedia({
      audio: device ? { deviceId: { exact: device } } : true,
    });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    // The chosen one is not plugged in.
    if (device && name !== 'NotAllowedError') return openMicrophone('');
    if (name === 'NotAllowedError' || name === 'SecurityError') throw new SourceError('denied');
    if (name === 'NotFoundError') throw new SourceError('missing');
    throw new SourceError(name === 'NotReadableError' ? 'busy' : 'failed');
  }
}

async function openComputer(): Promise<MediaStream> {
  // Browsers offer sound only together with a picture. The voice on it must stay as it is.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const options = { video: true, audio, systemAudio: 'include' };
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia(options as DisplayMediaStreamOptions);
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    throw new SourceError(name === 'NotAllowedError' ? 'cancelled' : 'failed');
  }
  if (stream.getAudioTracks().length === 0) {
    stop(stream);
    throw new SourceError('no_sound');
  }
  // The picture is of no use, and costs time.
  for (const track of stream.getVideoTracks()) track.stop();
  return stream;
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}
