/** Seconds after which a recording of a voice ends by itself. */
export const LONGEST = 60;

/** Records a voice by the microphone, where the browser offers it. */
export class VoiceRecorder {
  /** Seconds so far, while it records. */
  seconds = $state<number>();
  #recorder: MediaRecorder | undefined;

  static get available(): boolean {
    return Boolean(navigator.mediaDevices) && 'MediaRecorder' in globalThis;
  }

  /** Record until `stop` or the longest time, and return the file. */
  async record(): Promise<File> {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const recorder = new MediaRecorder(stream);
    const parts: Blob[] = [];
    this.#recorder = recorder;
    this.seconds = 0;
    const timer = setInterval(() => {
      this.seconds = (this.seconds ?? 0) + 1;
      if (this.seconds >= LONGEST) this.stop();
    }, 1000);
    try {
      await new Promise<void>((resolve, reject) => {
        recorder.ondataavailable = ({ data }) => parts.push(data);
        recorder.onstop = () => resolve();
        recorder.onerror = (event) => reject((event as ErrorEvent).error);
        recorder.start();
      });
    } finally {
      clearInterval(timer);
      this.seconds = undefined;
      stream.getTracks().forEach((track) => track.stop());
    }
    const type = recorder.mimeType.split(';')[0] ?? '';
    return new File(parts, type.includes('mp4') ? 'voice.m4a' : 'voice.webm', { type });
  }

  /** End the recording. */
  stop(): void {
    if (this.#recorder?.state === 'recording') this.#recorder.stop();
  }
}
