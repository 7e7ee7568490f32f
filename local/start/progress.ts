import { shorten } from "../../cli/terminal/table.ts";
import type { Style } from "../../cli/terminal/style.ts";
import type { Job, Status } from "./ledger.ts";

/** Shows jobs while they are worked on. */
export interface Progress {
  show(jobs: Job[]): void;
  /** Writes a line that has to do with something else. */
  say(line: string): void;
  /** Leaves what is on the screen as it is; what comes later is shown as lines. */
  finish(): void;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** One line per change: time, job, status. */
export class LineProgress implements Progress {
  readonly #known = new Map<string, string>();

  constructor(private readonly write: (line: string) => void) {}

  /** Takes jobs as known without writing about them. */
  note(jobs: Job[]): void {
    for (const job of jobs) this.#known.set(job.id, state(job));
  }

  show(jobs: Job[]): void {
    for (const job of jobs) {
      const line = state(job);
      if (this.#known.get(job.id) === line) continue;
      this.#known.set(job.id, line);
      const time = new Date().toTimeString().slice(0, 8);
      this.write(`${time} ${job.kind} ${job.storyboardId ?? "-"}/${job.target} ${line}`);
    }
  }

  say(line: string): void {
    this.write(line);
  }

  finish(): void {}
}

/** How much of the reason for a retry is shown; the whole is in the ledger. Columns. */
const REASON_WIDTH = 160;

/** While a job is worked on, what went wrong before is not news any more. */
function state(job: Job): string {
  if (job.ended) return job.error ? `${job.status}: ${job.error}` : job.status;
  const status = job.attempts > 1 ? `${job.status} (attempt ${job.attempts})` : job.status;
  if (!job.error || job.status === "running") return status;
  return `${status}: ${shorten(job.error, REASON_WIDTH)}`;
}

/** A table that is drawn over itself. */
export class LiveProgress implements Progress {
  #frame = 0;
  #drawn = 0;
  #jobs: Job[] = [];
  readonly #lines: LineProgress;
  #finished = false;

  constructor(private readonly style: Style, private readonly write: (text: string) => void) {
    this.#lines = new LineProgress((line) => write(`${line}\n`));
  }

  show(jobs: Job[]): void {
    if (this.#finished) return this.#lines.show(jobs);
    this.#jobs = jobs;
    const { columns, rows } = size();
    // What does not fit is left out at the top, where the finished ones are.
    const lines = jobs.map((job) => this.#line(job, columns)).slice(-(rows - 2));
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    this.write(`\x1b[?25l${up}${lines.map((line) => `\x1b[2K${line}\n`).join("")}\x1b[0J`);
    this.#drawn = lines.length;
    this.#frame++;
  }

  say(line: string): void {
    const wipe = !this.#finished && this.#drawn > 0 ? `\x1b[${this.#drawn}A\x1b[0J` : "";
    this.#drawn = 0;
    this.write(`${wipe}${line}\n`);
    if (wipe) this.show(this.#jobs);
  }

  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#lines.note(this.#jobs);
    this.write("\x1b[?25h");
  }

  #line(job: Job, columns: number): string {
    const seconds = job.seconds === null ? "" : `${job.seconds.toFixed(1)}s`;
    const columnsLeft = columns - 50;
    const about = job.error ?? job.prompt;
    const text = columnsLeft > 8 ? shorten(about, columnsLeft) : "";
    const target = shorten(job.target, 18).padEnd(18);
    const status = this.#paint(job.status, job.status.padEnd(9));
    return `${this.#icon(job.status)} ${job.kind}  ${target} ${status} ${seconds.padStart(7)}  ${
      this.style.dim(text)
    }`;
  }

  #icon(status: Status): string {
    if (status === "running" || status === "waiting") return FRAMES[this.#frame % FRAMES.length];
    const icons = { queued: "·", succeeded: "✓", failed: "✗", cancelled: "–" };
    return this.#paint(status, icons[status]);
  }

  #paint(status: Status, text: string): string {
    if (status === "succeeded") return this.style.green(text);
    if (status === "failed" || status === "cancelled") return this.style.red(text);
    return status === "queued" ? this.style.dim(text) : this.style.yellow(text);
  }
}

function size(): { columns: number; rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return { columns: 80, rows: 24 };
  }
}
