// @ts-check
/**
 * Asks again and again: in the view's rhythm while that works, less and less often while it does not, and
 * not at all while no one sees the page.
 */

const LONGEST_PAUSE = 30;

export class Poller {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #failures = 0;
  #asking = false;
  #again = false;
  #stopped = false;
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

  /** Asks at once, for example after an action. */
  async now() {
    clearTimeout(this.#timer);
    this.#again = this.#asking;
    if (this.#asking || this.#stopped) return;
    this.#asking = true;
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
    if (this.#stopped) return;
    if (this.#again) return void this.now();
    this.#timer = setTimeout(() => document.hidden || this.now(), seconds * 1000);
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
