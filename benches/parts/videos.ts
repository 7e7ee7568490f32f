/** The CPU time of a video of 60 MB, from the claim to its current object. */
import { COLUMNS, measureJobs, row } from "../measure/jobs.ts";
import { MB } from "../measure/numbers.ts";
import type { Part, Result } from "../measure/result.ts";
import { VERSIONS } from "../measure/subject.ts";

/** Four at a time, since a job mostly waits for the next poll. */
const AT_ONCE = 4;

export const videos: Part = {
  name: "videos",
  what: "CPU time of videos of 60 MB, after three polls",
  async run({ rounds, isQuick }): Promise<Result> {
    const rows: string[][] = [];
    for (const version of VERSIONS) {
      const load = {
        kind: "video",
        jobs: AT_ONCE,
        asset: 60 * MB,
        polls: isQuick ? 1 : 3,
      } as const;
      const samples = await measureJobs({
        load,
        version,
        rounds: Math.ceil(rounds / 2), // most of a round is waiting
        concurrency: AT_ONCE,
      });
      rows.push(row(`60 MB, Deno ${version}`, (name) => samples[name].map(({ cpu }) => cpu)));
    }
    const title = "CPU time of a video, ms, all threads of the process";
    return { tables: [{ title, columns: COLUMNS, rows }] };
  },
};
