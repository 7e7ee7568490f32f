/** A failure, as PostgreSQL or the driver reports it. */
export interface SqlFailure {
  code?: string;
  message: string;
  detail?: string;
  hint?: string;
  /** The position in the text, in characters from 1. */
  position?: string;
}

/** The failure in a few lines: the message, the position, and a hint. */
export function explain(failure: SqlFailure, sql: string): string {
  const lines = [`error ${failure.code ?? ""}: ${failure.message}`.replace(" :", ":")];
  if (failure.position) lines.push(...point(sql, Number(failure.position)));
  if (failure.detail) lines.push(`detail: ${failure.detail}`);
  if (failure.hint) lines.push(`hint: ${failure.hint}`);
  if (/^\s*\\/m.test(sql)) {
    lines.push("hint: commands that begin with a backslash belong to psql; this takes SQL only");
  }
  return lines.join("\n");
}

/** The line of the text, with a mark under the position. */
function point(sql: string, position: number): string[] {
  const before = [...sql].slice(0, position - 1).join("");
  const number = before.split("\n").length;
  const column = [...before.slice(before.lastIndexOf("\n") + 1)].length;
  const label = `line ${number}: `;
  const line = sql.split("\n")[number - 1] ?? "";
  return [label + line, " ".repeat(label.length + column) + "^"];
}
