/** What a part of the benchmarks found: tables, and plots of some of their rows. */
import type { Bars } from "./plot.ts";

export interface Table {
  title: string;
  columns: string[];
  rows: string[][];
}

export interface Result {
  tables: Table[];
  plots?: Bars[];
}

/** How long to measure. */
export interface Effort {
  rounds: number;
  /** Whether a part may leave out what takes longest. */
  isQuick: boolean;
}

/** A part of the benchmarks that can be run alone. */
export interface Part {
  name: string;
  what: string;
  run(effort: Effort): Promise<Result>;
}

/** A table in Markdown, its columns as wide as their cells. */
export function markdown({ title, columns, rows }: Table): string {
  const cells = [columns, ...rows];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at].length), 1));
  const line = (row: string[]) =>
    `| ${
      row.map((cell, at) => at === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[at])).join(
        " | ",
      )
    } |`;
  const rule = `|${
    widths.map((width, at) => at === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`).join(
      "|",
    )
  }|`;
  return [`**${title}**`, "", line(columns), rule, ...rows.map(line)].join("\n");
}
