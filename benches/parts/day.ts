/** A day of a million images under Google's quota, in virtual time: `benches/core/src/bin/day/`. */
import { cargoBuild, ROOT, run } from "../measure/programs.ts";
import type { Part, Result } from "../measure/result.ts";

const COLUMNS = [
  "jobs that come",
  "succeeded",
  "failed",
  "hours",
  "p50, min",
  "p95, min",
  "most waiting",
  "refused",
  "runs",
  "empty runs",
  "calls a job",
];

export const day: Part = {
  name: "day",
  what: "a day of a million images under a quota, in virtual time",
  async run(): Promise<Result> {
    const target = `${ROOT}target/core_benches`;
    await cargoBuild(`${ROOT}benches/core/Cargo.toml`, target);
    const lines = (await run(`${target}/release/day`, [])).trim().split("\n");
    const rows = lines.map((line) => line.split("\t"));
    return {
      tables: [{
        title: "A day of a million images, 700 requests a minute",
        columns: COLUMNS,
        rows,
      }],
    };
  },
};
