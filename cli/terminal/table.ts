import { plain } from "../../supabase/functions/_shared/plain.ts";

/** A column and its alignment. */
export interface Column {
  name: string;
  align?: "left" | "right";
}

/** The width of a text in a terminal, in columns; an approximation. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += WIDE.test(segment) ? 2 : 1;
  }
  return width;
}

/** East Asian wide characters, and emoji that are drawn as such. */
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** Rows under a heading, as `psql` prints them. Line breaks in a cell are shown as `↵`. */
export function table(columns: Column[], rows: string[][]): string {
  const cells = rows.map((row) => row.map((cell) => plain(cell.replace(/\r?\n/g, "↵"))));
  const widths = columns.map(({ name }, index) =>
    Math.max(displayWidth(name), ...cells.map((row) => displayWidth(row[index])))
  );
  const line = (row: string[], align: (index: number) => Column["align"]) =>
    row.map((cell, index) => {
      const space = " ".repeat(widths[index] - displayWidth(cell));
      return align(index) === "right" ? ` ${space}${cell} ` : ` ${cell}${space} `;
    }).join("|").trimEnd();
  return [
    line(columns.map(({ name }) => name), () => "left"),
    widths.map((width) => "-".repeat(width + 2)).join("+"),
    ...cells.map((row) => line(row, (index) => columns[index].align)),
  ].join("\n");
}

/** The text, cut to a width; `…` marks the cut. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (displayWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}
