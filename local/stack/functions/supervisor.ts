import { Worker, type WorkerOptions } from "./worker.ts";

/** Waiting time before a restart. Milliseconds. */
const FIRST_DELAY = 250;
const LONGEST_DELAY = 8000;
/** A process that lived this long was not broken from the start. Milliseconds. */
const HEALTHY_AFTER = 30_000;

/** Keeps one process of a function running until it is told to stop. */
export class Supervisor {
  #worker: Worker;
  #startedAt = Date.now();
  #delay = FIRST_DELAY;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(private readonly options: WorkerOptions) {
    this.#worker = this.#start();
  }

  /** Where the function listens; rejects when its process ended before it did. */
  get origin(): Promise<string> {
    return this.#worker.origin;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    await this.#worker.stop();
  }

  #start(): Worker {
    const worker = new Worker(this.options);
    this.#startedAt = Date.now();
    worker.ended.then((status) => {
      if (this.#stopped) return;
      this.options.log.add(`the function's process ended with code ${status.code}; restarting it`);
      if (Date.now() - this.#startedAt > HEALTHY_AFTER) this.#delay = FIRST_DELAY;
      this.#restart = setTimeout(() => this.#worker = this.#start(), this.#delay);
      this.#delay = Math.min(2 * this.#delay, LONGEST_DELAY);
    });
    return worker;
  }
}
