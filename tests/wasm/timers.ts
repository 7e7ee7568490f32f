import { equal } from "node:assert/strict";

/**
 * Timers that run out by hand while the clock stands still, so that nothing here waits for time to
 * pass or depends on how much does. Without `clears` each is on its way already when it is cleared.
 */
export function byHand({ clears = true } = {}) {
  const { setTimeout, clearTimeout } = globalThis;
  const now = performance.now();
  performance.now = () => now;
  const waiting = new Map<number, { milliseconds: number; callback: () => void }>();
  let last = 0;
  Object.assign(globalThis, {
    setTimeout(callback: () => void, milliseconds = 0) {
      waiting.set(++last, { milliseconds, callback });
      return last;
    },
    clearTimeout: (timer: number) => clears && waiting.delete(timer),
  });
  return {
    /** Lets the timers of this length run out. */
    runOut(milliseconds: number) {
      const due = [...waiting].filter(([, timer]) => timer.milliseconds === milliseconds);
      equal(due.length, 1, `one timer of ${milliseconds} ms, but ${JSON.stringify([...waiting])}`);
      waiting.delete(due[0][0]);
      due[0][1].callback();
    },
    left: () => waiting.size,
    /** Waits for a timer of this length, which follows from what has happened already. */
    async comes(milliseconds: number) {
      const has = () => [...waiting.values()].some((timer) => timer.milliseconds === milliseconds);
      for (let turns = 0; turns < 1000 && !has(); turns++) await Promise.resolve();
    },
    /** Lets all run out, however long they are. */
    runAllOut() {
      const due = [...waiting.values()];
      waiting.clear();
      for (const { callback } of due) callback();
    },
    [Symbol.dispose]() {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      Reflect.deleteProperty(performance, "now"); // the one of its prototype is back
    },
  };
}

/**
 * Lets the pauses before a request is repeated pass at once, in all tests of a file: those say what follows
 * and not when.
 */
export function withoutPauses() {
  const PAUSES = [300, 2000];
  const { setTimeout } = globalThis;
  const shorter = (callback: () => void, milliseconds = 0) =>
    setTimeout(callback, PAUSES.includes(milliseconds) ? 0 : milliseconds);
  Object.assign(globalThis, { setTimeout: shorter });
}
