/** Milliseconds after which a reading without an answer keeps the next one waiting no longer. */
const LONGEST = 10_000;

/**
 * Return a function that reads from the server so that an older answer never replaces a newer one.
 *
 * One reading runs at a time. Calls meanwhile share the next one, which begins when it has ended.
 */
export function inTurn<Result>(read: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined;
  let next: Promise<Result> | undefined;

  function begin(): Promise<Result> {
    const reading = read();
    running = reading;
    const end = () => {
      if (running === reading) running = undefined;
    };
    reading.then(end, end);
    return reading;
  }

  return () => {
    if (!running && !next) return begin();
    next ??= ended(running).then(() => {
      next = undefined;
      return begin();
    });
    return next;
  };
}

/** Wait until a reading has succeeded or failed, or until `LONGEST` has passed. */
function ended(reading: Promise<unknown> | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LONGEST);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    void Promise.resolve(reading).then(end, end);
  });
}
