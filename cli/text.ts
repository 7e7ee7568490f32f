/** Values as people read them. */
import { plain } from "../supabase/functions/_shared/plain.ts";
import { type Column, shorten, table } from "./terminal/table.ts";

/** A span of time: `12 s`, `3 min`, `2 h`, `5 d`. */
export function span(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 9.95 && !Number.isInteger(s)) return `${s.toFixed(1)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} d`;
}

/** How long ago a time was, `3 min ago`, or how far in the future it is, `in 5 s`. */
export function ago(time: string | null | undefined, now: number): string {
  if (!time) return "";
  const seconds = (now - Date.parse(time)) / 1000;
  return seconds >= 0 ? `${span(Math.round(seconds))} ago` : `in ${span(Math.round(-seconds))}`;
}

/** An amount in US dollars; small amounts keep more digits. */
export function dollars(amount: number | string | null | undefined): string {
  const value = Number(amount ?? 0);
  return value !== 0 && value < 0.1 ? `$${value.toFixed(4)}` : `$${value.toFixed(2)}`;
}

/** Rows of values under the names of their columns; numbers are aligned to the right. */
export function rowsOf(names: string[], rows: unknown[][], longest = 60): string {
  const columns: Column[] = names.map((name, index) => ({
    name,
    align: rows.some((row) => typeof row[index] === "number") ? "right" : "left",
  }));
  const text = (value: unknown) => shorten(plain(String(value ?? "")), longest);
  return table(columns, rows.map((row) => row.map(text)));
}
