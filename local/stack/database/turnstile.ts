/** Gives the right to be the only one inside; the same as `release` of a lock. */
export type Release = () => void;

/**
 * A first-come-first-served lock.
 *
 * PGlite is one PostgreSQL session. Whoever opens a transaction in it must be alone until the
 * transaction ends: the statements of everybody else would otherwise run inside it, in its role,
 * and be rolled back with it.
 */
export class Turnstile {
  #taken = false;
  readonly #queue: Array<() => void> = [];

  /** How many are queueing. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Waits for its turn. The caller must call the returned function once; more calls do nothing. */
  async enter(): Promise<Release> {
    if (this.#taken) await new Promise<void>((turn) => this.#queue.push(turn));
    this.#taken = true;
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      const next = this.#queue.shift();
      // The lock is handed over without becoming free, so that nobody overtakes the queue.
      if (next) next();
      else this.#taken = false;
    };
  }
}
