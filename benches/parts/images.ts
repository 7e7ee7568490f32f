/** The CPU time of an image, from the claim to its current object. */
import { COLUMNS, measureJobs, row } from "../measure/jobs.ts";
import { MB, median } from "../measure/numbers.ts";
import type { Part, Result } from "../measure/result.ts";
import { SUBJECTS, VERSIONS } from "../measure/subject.ts";

const SIZES = [{ asset: 2 * MB, jobs: 40 }, { asset: 20 * MB, jobs: 10 }];

export const images: Part = {
  name: "images",
  what: "CPU time of images of 2 and 20 MB, replies plain and compressed",
  async run({ rounds, isQuick }): Promise<Result> {
    const rows: string[][] = [];
    const groups: { label: string; values: number[] }[] = [];
    for (const { asset, jobs } of isQuick ? SIZES.slice(0, 1) : SIZES) {
      for (const gzip of [false, true]) {
        for (const version of VERSIONS) {
          const load = { kind: "image", jobs, asset, gzip } as const;
          const samples = await measureJobs({ load, version, rounds });
          const label = `${asset / MB} MB${gzip ? ", compressed" : ""}, Deno ${version}`;
          rows.push(row(label, (name) => samples[name].map(({ cpu }) => cpu)));
          if (version !== "2.1.4") continue;
          const values = SUBJECTS.map((name) => median(samples[name].map(({ cpu }) => cpu)));
          groups.push({ label: `${asset / MB} MB${gzip ? ", compressed reply" : ""}`, values });
        }
      }
    }
    const title = "CPU time of an image";
    return {
      tables: [{ title: `${title}, ms, all threads of the process`, columns: COLUMNS, rows }],
      plots: [{ name: "images", title, unit: "ms", groups, series: [...SUBJECTS] }],
    };
  },
};
