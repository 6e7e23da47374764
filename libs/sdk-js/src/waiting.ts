import type { LiveEvents, LiveState } from "./live.js";
import { JobCancelledError, WaitTimeoutError } from "./errors.js";
import type { Camelized } from "./names.js";
import { Alarm } from "./patience.js";
import type { components } from "./schema.js";

/** Status of a transcription, with its transcript once it is complete. */
export type Status = Camelized<components["schemas"]["StatusData"]>;

/** How far a transcription is. */
export interface Progress {
  progressPercentage: number;
  currentStep: string;
  /** Expected end in ISO 8601, null if it is not known. */
  estimatedCompletion: string | null;
}

export interface WaitOptions {
  /** Receives every change. */
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
  /** Milliseconds after which it is rejected with a `WaitTimeoutError`. The job goes on. */
  timeout?: number;
  /** Milliseconds between questions while the connection for messages is away. 2 s by default. */
  pollInterval?: number;
}

/** The parts of a client that waiting needs. */
export interface Watched {
  on<Type extends keyof LiveEvents>(
    type: Type,
    handler: (data: LiveEvents[Type]) => void,
  ): () => void;
  state(): LiveState;
  status(transcript: boolean): Promise<Status>;
}

/** Milliseconds between questions while messages arrive. One of them can have been lost. */
const WITH_MESSAGES = 15_000;
const WITHOUT_MESSAGES = 2_000;

/** Wait until a transcription has completed or failed. Return its status. */
export async function waitFor(
  id: number,
  watched: Watched,
  options: WaitOptions,
): Promise<Status> {
  const { signal, timeout } = options;
  const alarm = new Rung();
  const report = reporter(options);
  const own = (data: { transcription_id: number }) =>
    data.transcription_id === id;
  const ends = [
    watched.on("job_progress", (data) => own(data) && report(data)),
    watched.on("job_completed", (data) => own(data) && alarm.ring()),
    watched.on("job_failed", (data) => own(data) && alarm.ring()),
    watched.on("job_cancelled", (data) => own(data) && alarm.ring()),
    watched.on("state", (state) => state === "open" && alarm.ring()),
  ];
  const late = setTimeout(() => alarm.ring(), timeout ?? 2 ** 31 - 1);
  const abort = () => alarm.ring();
  signal?.addEventListener("abort", abort);
  const deadline = Date.now() + (timeout ?? Infinity);
  let begun = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const status = await watched.status(false);
      report({
        progress_percentage: status.progressPercentage,
        current_step: status.currentStep,
      });
      if (status.status === "completed" || status.status === "failed") {
        return await watched.status(true);
      }
      begun ||= status.status === "processing";
      if (begun && status.status === "pending") {
        throw new JobCancelledError(
          `The job of transcription ${id} was cancelled.`,
        );
      }
      if (Date.now() >= deadline) throw tooLate(id, timeout!);
      const { pollInterval = WITHOUT_MESSAGES } = options;
      const open = watched.state() === "open";
      await alarm.wait(open ? WITH_MESSAGES : pollInterval);
    }
  } finally {
    clearTimeout(late);
    signal?.removeEventListener("abort", abort);
    for (const end of ends) end();
  }
}

/** Return a function that passes on what differs from the last time. */
function reporter(
  options: WaitOptions,
): (
  data: Pick<
    LiveEvents["job_progress"],
    "progress_percentage" | "current_step"
  > &
    Partial<LiveEvents["job_progress"]>,
) => void {
  let seen = "";
  return (data) => {
    const now = `${data.progress_percentage} ${data.current_step}`;
    if (now === seen) return;
    seen = now;
    options.onProgress?.({
      progressPercentage: data.progress_percentage,
      currentStep: data.current_step,
      estimatedCompletion: data.estimated_completion ?? null,
    });
  };
}

function tooLate(id: number, timeout: number): WaitTimeoutError {
  const text = `Transcription ${id} is not done after ${timeout / 1000} s. It goes on at the server.`;
  return new WaitTimeoutError(text);
}

/** Alarm that also wakes those who wait after it rang. */
class Rung {
  readonly #alarm = new Alarm();
  #rung = false;

  ring(): void {
    this.#rung = true;
    this.#alarm.ring();
  }

  async wait(longest: number): Promise<void> {
    if (!this.#rung) await this.#alarm.wait(longest);
    this.#rung = false;
  }
}
