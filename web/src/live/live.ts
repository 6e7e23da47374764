/** Return whether a recording is being made, and can be followed. */
export function isLive(status: { status: string; current_step?: string | null }): boolean {
  return status.status === 'processing' && status.current_step === 'Live';
}
