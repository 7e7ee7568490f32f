import { plain } from "../../supabase/functions/_shared/plain.ts";
import { describe, isOver, type Job, placeOf, type Status } from "../jobs.ts";
import type { Screen } from "../io.ts";
import { style } from "./style.ts";
import { displayWidth, shorten } from "./table.ts";

/** Shows jobs while they are worked on. */
export interface Progress {
  /** Shows the present state of the jobs, all that are of interest, and a line about all of them. */
  show(jobs: Job[], overview?: string): void;
  /** Marks the present state of jobs as known, so that it is not reported. */
  know(jobs: Job[]): void;
  /** Writes any other line. */
  say(line: string): void;
  /** Ends the table; later changes are shown as lines. */
  finish(): void;
}

/** A job's change as a line: time, job, status. */
export function changeLine(job: Job): string {
  const time = new Date(job.updated_at).toTimeString().slice(0, 8);
  return plain(`${time} ${job.id}  ${job.kind} ${placeOf(job)}  ${describe(job)}`);
}

/** One line per change. */
export class LineProgress implements Progress {
  readonly #known = new Map<string, string>();
  #overview = "";

  constructor(
    private readonly write: (line: string) => void,
    private readonly lineOf: (job: Job) => string = changeLine,
  ) {}

  know(jobs: Job[]): void {
    for (const job of jobs) this.#known.set(job.id, describe(job));
  }

  show(jobs: Job[], overview = ""): void {
    const changed = jobs.filter((job) => this.#known.get(job.id) !== describe(job));
    const shown = new Set(jobs.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!shown.has(id)) this.#known.delete(id);
    this.know(changed);
    for (const job of changed) this.write(this.lineOf(job));
    if (overview !== this.#overview) this.write(overview);
    this.#overview = overview;
  }

  say(line: string): void {
    this.write(line);
  }

  finish(): void {}
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const ICONS = { queued: "·", succeeded: "✓", failed: "✗", cancelled: "–" };

/** A table that is drawn over itself. */
export class LiveProgress implements Progress {
  #frame = 0;
  #drawn = 0;
  #jobs: Job[] = [];
  #overview = "";
  #finished = false;
  readonly #lines: LineProgress;
  readonly #style = style(true);

  constructor(private readonly screen: Screen, private readonly now: () => number = Date.now) {
    this.#lines = new LineProgress((line) => screen.write(`${line}\n`));
  }

  know(): void {}

  show(jobs: Job[], overview = ""): void {
    if (this.#finished) return this.#lines.show(jobs);
    this.#jobs = jobs;
    this.#overview = overview;
    const { columns, rows } = this.screen.size();
    const below = overview ? [shorten(overview, columns - 1)] : [];
    // Rows that do not fit are left out at the top, where the ended jobs are.
    const shown = jobs.slice(-(rows - 2 - below.length));
    const width = Math.min(28, Math.max(...shown.map((job) => displayWidth(placeOf(job)))));
    const lines = [...shown.map((job) => this.#line(job, columns, width)), ...below];
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    this.screen.write(`\x1b[?25l${up}${lines.map((line) => `\x1b[2K${line}\n`).join("")}\x1b[0J`);
    this.#drawn = lines.length;
    this.#frame++;
  }

  say(line: string): void {
    const wipe = !this.#finished && this.#drawn > 0 ? `\x1b[${this.#drawn}A\x1b[0J` : "";
    this.#drawn = 0;
    this.screen.write(`${wipe}${line}\n`);
    if (wipe) this.show(this.#jobs, this.#overview);
  }

  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#lines.know(this.#jobs);
    this.screen.write("\x1b[?25h");
  }

  #line(job: Job, columns: number, width: number): string {
    const seconds = secondsOf(job, this.now());
    const about = job.error_code && job.status !== "running" ? describe(job) : job.prompt ?? "";
    const room = columns - 32 - width;
    const text = room > 8 ? shorten(plain(about), room) : "";
    const name = shorten(placeOf(job), width);
    const place = name + " ".repeat(width - displayWidth(name));
    const status = this.#paint(job.status, plain(job.status).padEnd(9));
    const time = (seconds === undefined ? "" : `${seconds.toFixed(1)}s`).padStart(7);
    return `${this.#icon(job.status)} ${plain(job.kind)}  ${place} ${status} ${time}  ` +
      this.#style.dim(text);
  }

  #icon(status: Status): string {
    if (status === "running" || status === "waiting") return FRAMES[this.#frame % FRAMES.length];
    return this.#paint(status, ICONS[status]);
  }

  #paint(status: Status, text: string): string {
    if (status === "succeeded") return this.#style.green(text);
    if (status === "failed" || status === "cancelled") return this.#style.red(text);
    return status === "queued" ? this.#style.dim(text) : this.#style.yellow(text);
  }
}

/** The time from the first claim to the end, or until now. */
export function secondsOf(job: Job, now: number): number | undefined {
  if (job.started_at === null) return undefined;
  const end = isOver(job) ? Date.parse(job.finished_at ?? job.updated_at) : now;
  return Math.max(0, (end - Date.parse(job.started_at)) / 1000);
}
