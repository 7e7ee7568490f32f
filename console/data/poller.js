// @ts-check
/**
 * Asks again and again: in the view's rhythm while that works, less and less often while it does not, and
 * not at all while no one sees the page.
 */

const LONGEST_PAUSE = 30;
/** Between two readings because of changes, in milliseconds: a busy queue changes without end. */
const APART = 1500;

export class Poller {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failures = 0;
  #asking = false;
  #again = false;
  #stopped = false;
  /** Whether something has changed while it asks. */
  #changed = false;
  #endedAt = -Infinity;
  #seen = () => {
    if (!document.hidden) this.now();
  };

  /**
   * @param {() => Promise<number>} refresh answers after how many seconds it is to be called again
   * @param {(problem: unknown, failures: number) => void} settled called with what went wrong, or undefined, and
   *   how often in a row
   */
  constructor(refresh, settled) {
    this.refresh = refresh;
    this.settled = settled;
    document.addEventListener("visibilitychange", this.#seen);
    addEventListener("online", this.#seen);
    this.now();
  }

  /** Asks because something has changed. */
  soon() {
    // While it does not work, asking more often does not help.
    if (document.hidden || this.#stopped || this.#failures > 0) return;
    this.#changed = true;
    if (!this.#asking) this.#askIn(Math.max(0, this.#endedAt + APART - performance.now()));
  }

  /** @param {number} milliseconds */
  #askIn(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => document.hidden || this.now(), milliseconds);
  }

  /** Asks at once, for example after an action. */
  async now() {
    clearTimeout(this.#timer);
    this.#again = this.#asking;
    if (this.#asking || this.#stopped) return;
    this.#asking = true;
    this.#changed = false;
    let seconds;
    try {
      seconds = await this.refresh();
      this.#failures = 0;
      if (!this.#stopped) this.settled(undefined, 0);
    } catch (problem) {
      seconds = pauseAfter(++this.#failures);
      if (!this.#stopped) this.settled(problem, this.#failures);
    }
    this.#asking = false;
    this.#endedAt = performance.now();
    if (this.#stopped) return;
    if (this.#again) return void this.now();
    this.#askIn(this.#changed && this.#failures === 0 ? APART : seconds * 1000);
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#seen);
    removeEventListener("online", this.#seen);
  }
}

/** In seconds. @param {number} failures in a row */
export function pauseAfter(failures) {
  return Math.min(LONGEST_PAUSE, 2 ** (failures - 1));
}
