import type { Amounts } from "./queue.js";

/** Where a capture stands. */
export interface CaptureStatus extends Amounts {
  /** Whether the server was reached last time. */
  connected: boolean;
  /** Why the server did not take a chunk last time. */
  problem: Error | undefined;
  /** Whether sending has stopped because of that, until `retry`. */
  stopped: boolean;
  /** The server finishes the capture at this time, unless another chunk arrives. */
  idleUntil: string | undefined;
}

/** How a capture ended. */
export interface CaptureEnd {
  transcriptionId: number;
  jobId: string | undefined;
}

export interface CaptureHandlers {
  changed?(status: CaptureStatus): void;
  /**
   * The capture has ended, because the server heard nothing for long or it became too large. What
   * the server did not have goes on as another one. `transcriptionId` is that of the first, if
   * there is one yet.
   */
  parted?(transcriptionId: number | undefined): void;
}
