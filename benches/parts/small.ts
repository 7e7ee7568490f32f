/** Many small images whose provider answers at once: the cost of a job that is not its bytes. */
import { COLUMNS, measureJobs, row, type Sample } from "../measure/jobs.ts";
import { median, short } from "../measure/numbers.ts";
import type { Part, Result } from "../measure/result.ts";
import { type SubjectName, SUBJECTS, VERSIONS } from "../measure/subject.ts";

const JOBS = 1000;
const ASSET = 50 * 1024;
const SERVICES = ["database", "storage", "provider"];

export const small: Part = {
  name: "small",
  what: "jobs per second of 1,000 images of 50 KB, their CPU time and their requests",
  async run({ rounds }): Promise<Result> {
    const rows: string[][] = [];
    const requests: string[][] = [];
    for (const version of VERSIONS) {
      const load = { kind: "image", jobs: JOBS, asset: ASSET } as const;
      const samples = await measureJobs({ load, version, rounds });
      const of = (value: (sample: Sample) => number) => (name: SubjectName) =>
        samples[name].map(value);
      rows.push(
        row(`jobs per second, Deno ${version}`, of(({ wall }) => 1000 / wall)),
        row(`CPU time of a job, ms, Deno ${version}`, of(({ cpu }) => cpu)),
        row(`CPU time of the stand-in, ms, Deno ${version}`, of(({ standIn }) => standIn)),
      );
      if (requests.length > 0) continue;
      for (const service of SERVICES) {
        const counted = (sample: Sample) =>
          Object.values(sample.requests[service]).reduce((sum, count) => sum + count, 0) / JOBS;
        const cells = SUBJECTS.map((name) => short(median(samples[name].map(counted))));
        requests.push([service, ...cells]);
      }
    }
    return {
      tables: [
        { title: "1,000 images of 50 KB, one worker, five at a time", columns: COLUMNS, rows },
        { title: "Requests per image", columns: ["", ...SUBJECTS], rows: requests },
      ],
    };
  },
};
