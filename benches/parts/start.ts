/** From the start of a process to its answer on an empty queue. */
import { COLUMNS, row } from "../measure/jobs.ts";
import type { Part, Result } from "../measure/result.ts";
import { StandIn } from "../measure/stand_in.ts";
import { Subject, type SubjectName, SUBJECTS, VERSIONS } from "../measure/subject.ts";

export const start: Part = {
  name: "start",
  what: "from the start of a process to its answer on an empty queue",
  async run({ rounds }): Promise<Result> {
    await using standIn = await StandIn.start();
    await standIn.begin({ kind: "image", jobs: 0, asset: 1000 });
    const rows: string[][] = [];
    for (const version of VERSIONS) {
      const samples = {} as Record<SubjectName, { wall: number; cpu: number }[]>;
      // The first one of each fills the cache of compiled TypeScript.
      for (let round = -1; round < rounds * 2; round++) {
        for (const name of SUBJECTS) {
          const begun = performance.now();
          await using subject = await Subject.start({ name, version, kind: "image", standIn });
          await subject.drain();
          const sample = { wall: performance.now() - begun, cpu: subject.cpu };
          if (round >= 0) (samples[name] ??= []).push(sample);
        }
      }
      rows.push(
        row(`until the answer, ms, Deno ${version}`, (name) => samples[name].map((it) => it.wall)),
        row(`CPU time, ms, Deno ${version}`, (name) => samples[name].map((it) => it.cpu)),
      );
    }
    return { tables: [{ title: "A cold start", columns: COLUMNS, rows }] };
  },
};
