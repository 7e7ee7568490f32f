import { equal } from "node:assert/strict";

/**
 * Time that passes by hand, so that nothing here waits for it or depends on how much of it passes. Without `clears`
 * each timer is on its way already when it is cleared, or no longer listened to.
 */
export function byHand({ clears = true } = {}) {
  const { setTimeout, clearTimeout } = globalThis;
  const { timeout } = AbortSignal;
  // Whole milliseconds, so that sums of them are exact.
  let now = Math.round(performance.now());
  performance.now = () => now;
  const waiting = new Map<number, { at: number; callback: () => void }>();
  let last = 0;
  Object.assign(globalThis, {
    setTimeout(callback: () => void, milliseconds = 0) {
      waiting.set(++last, { at: now + milliseconds, callback });
      return last;
    },
    clearTimeout: (timer: number) => clears && waiting.delete(timer),
  });
  AbortSignal.timeout = (milliseconds) => {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = ++last;
    const waits = { at: now + milliseconds, callback: () => controller.abort() };
    return Object.assign(signal, {
      addEventListener(...parameters: Parameters<EventTarget["addEventListener"]>) {
        waiting.set(timer, waits);
        EventTarget.prototype.addEventListener.apply(signal, parameters);
      },
      removeEventListener(...parameters: Parameters<EventTarget["removeEventListener"]>) {
        if (!clears) return;
        waiting.delete(timer);
        EventTarget.prototype.removeEventListener.apply(signal, parameters);
      },
    });
  };
  /** Lets the timers run out that do so next. */
  const runOut = () => {
    now = Math.max(now, Math.min(...[...waiting.values()].map(({ at }) => at)));
    const due = [...waiting].filter(([, { at }]) => at <= now);
    for (const [timer] of due) waiting.delete(timer);
    for (const [, { callback }] of due) callback();
  };
  return {
    /** Lets so much time pass that a timer runs out at its end, and waits for what follows from each. */
    async pass(milliseconds: number) {
      const end = now + milliseconds;
      let last = now;
      while ([...waiting.values()].some(({ at }) => at <= end)) {
        runOut();
        last = now;
        await new Promise<void>((resolve) => setTimeout(resolve));
      }
      equal(last, end, `no timer runs out after ${milliseconds} ms`);
    },
    left: () => waiting.size,
    /** Lets those run out that are left. */
    runAllOut() {
      for (let left = waiting.size; left > 0; left--) if (waiting.size > 0) runOut();
    },
    [Symbol.dispose]() {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      AbortSignal.timeout = timeout;
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
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  let passed = 0;
  const now = performance.now.bind(performance);
  performance.now = () => now() + passed;
  AbortSignal.timeout = (milliseconds) => {
    if (!PAUSES.includes(milliseconds)) return timeout(milliseconds);
    const controller = new AbortController();
    setTimeout(() => {
      passed += milliseconds;
      controller.abort();
    });
    return controller.signal;
  };
}
