import { table } from "../../cli/terminal/table.ts";

/** One statement's result, as the `pg` driver gives it with `rowMode: "array"`. */
export interface StatementResult {
  command: string | null;
  rowCount: number | null;
  fields: Array<{ name: string; dataTypeID: number }>;
  rows: Array<Array<string | null>>;
}

/** int8, int2, int4, oid, float4, float8, money, numeric: aligned right. */
const NUMBERS = [20, 21, 23, 26, 700, 701, 790, 1700];

/** A statement's result for the terminal: its rows as a table, or how many it changed. */
export function show({ command, rowCount, fields, rows }: StatementResult): string {
  if (fields.length === 0) {
    const counted = rowCount !== null && ["INSERT", "UPDATE", "DELETE"].includes(command ?? "");
    return counted ? `${command} ${rowCount}` : command ?? "done";
  }
  const columns = fields.map(({ name, dataTypeID }) => ({
    name,
    align: NUMBERS.includes(dataTypeID) ? "right" as const : "left" as const,
  }));
  const text = table(columns, rows.map((row) => row.map((cell) => cell ?? "null")));
  return `${text}\n(${rows.length} ${rows.length === 1 ? "row" : "rows"})`;
}
