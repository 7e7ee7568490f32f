/** The peak memory of a process that makes large images, five at a time. */
import { COLUMNS, row } from "../measure/jobs.ts";
import { MB, median } from "../measure/numbers.ts";
import type { Part, Result } from "../measure/result.ts";
import { type Load, StandIn } from "../measure/stand_in.ts";
import { Subject, type SubjectName, SUBJECTS, VERSIONS } from "../measure/subject.ts";

const IMAGES: Load = { kind: "image", jobs: 10, asset: 20 * MB };
const LOADS: Record<string, Load> = {
  "images of 20 MB": IMAGES,
  "the same, compressed": { ...IMAGES, gzip: true },
  "edits of 8 MB": { ...IMAGES, source: 8 * MB },
  "the same, compressed ": { ...IMAGES, source: 8 * MB, gzip: true },
};

export const memory: Part = {
  name: "memory",
  what: "peak memory with images of 20 MB, five at a time",
  async run({ rounds, isQuick }): Promise<Result> {
    await using standIn = await StandIn.start();
    const rows: string[][] = [];
    const groups: { label: string; values: number[] }[] = [];
    for (const [what, load] of Object.entries(LOADS).slice(0, isQuick ? 2 : undefined)) {
      for (const version of VERSIONS) {
        const peaks = {} as Record<SubjectName, number[]>;
        for (let round = 0; round < Math.ceil(rounds / 2); round++) {
          for (const name of SUBJECTS) {
            await standIn.begin(load);
            await using subject = await Subject.start({ name, version, kind: "image", standIn });
            await subject.drain();
            (peaks[name] ??= []).push(subject.peak / MB);
          }
        }
        rows.push(row(`${what.trim()}, Deno ${version}`, (name) => peaks[name]));
        if (version !== "2.1.4") continue;
        groups.push({ label: what.trim(), values: SUBJECTS.map((name) => median(peaks[name])) });
      }
    }
    const title = "Peak memory of a process";
    return {
      tables: [{ title: `${title}, MB`, columns: COLUMNS, rows }],
      plots: [{ name: "memory", title, unit: "MB", groups, series: [...SUBJECTS] }],
    };
  },
};
