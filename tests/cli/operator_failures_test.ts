/** Operators' commands on a project that returns few rows at once, and that fails in the middle. */
import { deepEqual, equal, match } from "node:assert/strict";
import { serve } from "../support/loopback.ts";
import { environmentFor, jobId, run } from "./support.ts";

type Row = Record<string, unknown>;

/** What a request asks for. */
interface Asked {
  /** The name of the table, view or function. */
  name: string;
  query: URLSearchParams;
  body: Row;
}

/** A project that answers rows, at most `mostRows` at once, or a whole response. */
async function against<T>(
  answer: (asked: Asked) => Row[] | Response,
  act: (operate: (...line: string[]) => ReturnType<typeof run>) => Promise<T>,
  mostRows = 1000,
): Promise<T> {
  await using server = serve(async (request) => {
    const { pathname, searchParams: query, href } = new URL(request.url);
    if (href.length > 8192) return new Response("URI Too Long", { status: 414 });
    const body = request.method === "POST" ? await request.json() : {};
    const answered = answer({ name: pathname.split("/").at(-1)!, query, body });
    if (answered instanceof Response) return answered;
    const [offset, limit] = ["offset", "limit"].map((name) => query.get(name));
    const start = Number(offset ?? 0);
    return Response.json(
      answered.slice(start, start + Math.min(Number(limit ?? mostRows), mostRows)),
    );
  });
  const environment = environmentFor(server.url);
  return await act((...line) => run(line, environment));
}

const unavailable = () => Response.json({ message: "out of order" }, { status: 503 });

Deno.test("the costs are those that the database has added up, of the days that are shown", () =>
  against(
    ({ name, body }) => {
      if (name === "generation_costs") return unavailable(); // it adds up the whole ledger
      if (name !== "generation_recent_costs") return [];
      const days = [
        { day: "2026-11-24", kind: "image", jobs: 9, cost_usd: 0.36 },
        { day: "2026-11-25", kind: "image", jobs: 2500, cost_usd: 100 },
        { day: "2026-11-25", kind: "video", jobs: 1, cost_usd: 1.2 },
      ];
      return Response.json({ days: body.days === 1 ? days.slice(1) : days, storyboards: [] });
    },
    async (operate) => {
      match((await operate("status")).out.join("\n"), /^cost {6}\$101\.20 today/m);
      match(
        (await operate("metrics")).out.join("\n"),
        /2026-11-25 \| video \| +1 \| +\$1\.20\n.*2500 \| +\$100\.00\n 2026-11-24 /,
      );
      const { costs } = JSON.parse((await operate("metrics", "--json")).out[0]);
      equal(costs.length, 3);
    },
  ));

/** A ledger of live jobs; `failing` says which call of `cancel_generation_job` fails. */
function ledger(count: number, failing = Infinity) {
  const live = new Set(Array.from({ length: count }, (_, n) => jobId(n)));
  let calls = 0;
  return ({ name, body }: Asked): Row[] | Response => {
    if (name === "generation_jobs") return [...live].map((id) => ({ id }));
    if (++calls === failing) return unavailable();
    live.delete(body.job_id as string);
    return Response.json({ cancelled: true, status: "cancelled" });
  };
}

Deno.test("all jobs are cancelled, however few the project returns at once", () =>
  against(ledger(23), async (operate) => {
    match((await operate("cancel", "--all")).err[0], /^At least 5 would be cancelled/);
    deepEqual((await operate("cancel", "--all", "--yes")).out, ["23 cancelled"]);
    deepEqual((await operate("cancel", "--all")).out, ["0 cancelled"]);
  }, 5));

Deno.test("without --yes the jobs are only counted", () =>
  against(ledger(5), async (operate) => {
    match((await operate("cancel", "--all")).err[0], /^5 would be cancelled/);
  }, 5));

Deno.test("cancelled jobs are reported when a call fails", async () => {
  await against(ledger(20, 8), async (operate) => {
    const { code, out, err } = await operate("cancel", "--all", "--yes");
    deepEqual([code, out], [1, ["7 cancelled"]]);
    match(err[0], /cancel_generation_job failed \(503: out of order\)/);
  });
  await against(ledger(20, 8), async (operate) => {
    const { code, out } = await operate("cancel", "--all", "--yes", "--json");
    deepEqual([code, JSON.parse(out[0]).length], [1, 7]);
  });
});

/** A ledger of failed jobs; `failing` says which call of `redrive_generation_jobs` fails. */
function failures(count: number, failing = Infinity) {
  const failed = new Set(Array.from({ length: count }, (_, n) => jobId(n)));
  let calls = 0;
  return ({ name, query, body }: Asked): Row[] | Response => {
    if (name === "generation_jobs") {
      equal(query.get("status"), "eq.failed");
      return [...failed].map((id) => ({ id }));
    }
    if (name === "generation_jobs_left_out" || name === "generation_failures") return [];
    if (++calls === failing) return unavailable();
    // A call returns no more rows than a table.
    return Response.json(
      (body.job_ids as string[]).filter((id) => failed.delete(id)).slice(0, 1000),
    );
  };
}

Deno.test("all failed jobs are redriven, however many they are", () =>
  against(failures(2345), async (operate) => {
    deepEqual((await operate("redrive", "--all", "--yes")).out, ["2345 redriven"]);
    deepEqual((await operate("redrive", "--error=storage_failed")).out, ["0 redriven"]);
  }));

Deno.test("an error code that no failed job has is said, with those that there are", () =>
  against(
    ({ name }) => {
      const codes = ["storage_failed", "no_image"];
      return name === "generation_failures"
        ? codes.map((error_code) => ({ error_code, kind: "image" }))
        : [];
    },
    async (operate) => {
      const { code, out, err } = await operate("redrive", "--error=storage_failled");
      deepEqual([code, out], [0, ["0 redriven"]]);
      deepEqual(err, [
        "No failed job has the error storage_failled. Did you mean storage_failed? " +
        "The failed jobs have: storage_failed, no_image.",
      ]);
      const video = await operate("redrive", "--error=no_image", "--kind=video", "--json");
      deepEqual(video.err, ["No failed video job has the error no_image."]);
    },
  ));

Deno.test("what the database expected of an argument is said without the name of a function", () =>
  against(
    () => Response.json({ code: "22023", message: "job_id: expected a job" }, { status: 400 }),
    async (operate) => {
      deepEqual((await operate("choose", jobId(1))).err, ["job_id: expected a job"]);
    },
  ));

Deno.test("redriven jobs are reported when a call fails", () =>
  against(failures(1200, 3), async (operate) => {
    const { code, out, err } = await operate("redrive", "--error=storage_failed", "--json");
    equal(code, 1);
    const { redriven, left } = JSON.parse(out[0]);
    deepEqual([redriven.length, left], [1000, []]);
    match(err[0], /redrive_generation_jobs failed \(503/);
  }));

Deno.test("each job that was not redriven is reported with the reason", () =>
  against(
    ({ name, body }) => {
      if (name === "redrive_generation_jobs") return Response.json([]);
      return (body.job_ids as string[]).map((job_id) => ({ job_id, reason: "it is succeeded" }));
    },
    async (operate) => {
      const ids = Array.from({ length: 1350 }, (_, n) => jobId(n));
      const { code, out } = await operate("redrive", ...ids);
      equal(code, 1);
      deepEqual(
        out,
        ["0 redriven", ...ids.map((id) => `${id}  not redriven: it is succeeded`)],
      );
    },
  ));

Deno.test("one function's report is shown when the other fails", async () => {
  const report = { claimed: 1, succeeded: 1, failed: 0, retrying: 0, waiting: 0, jobs: [] };
  for (
    const [other, said] of [
      [new Response("<html>Welcome</html>"), /something else than a report \(200\): <html>/],
      [Response.json(null), /something else than a report \(200\)/],
      [unavailable(), /failed \(503\): out of order/],
    ] as const
  ) {
    await against(
      ({ name }) => name === "process-image-generation" ? other.clone() : Response.json(report),
      async (operate) => {
        const { code, out, err } = await operate("process", "all");
        equal(code, 1);
        match(err.join("\n"), said);
        match(out.join("\n"), /jobs: 1 {2}succeeded: 1/);
      },
    );
  }
});

Deno.test("the other function is called when one gives no answer", async () => {
  const report = { claimed: 1, succeeded: 1, failed: 0, retrying: 0, waiting: 0, jobs: [] };
  const { code, out, err } = await run(
    ["process", "all", "--json"],
    environmentFor("http://127.0.0.1:1"),
    {
      fetch: (request) =>
        request.url.includes("image")
          ? Promise.reject(new TypeError("connection reset"))
          : Promise.resolve(Response.json(report)),
    },
  );
  equal(code, 1);
  match(err[0], /cannot be reached: connection reset/);
  deepEqual(JSON.parse(out[0]), { "process-video-generation": report });
});

Deno.test("a change is reported although the figures fail at that moment", async () => {
  let [figures, looks] = [0, 0];
  const queue = { queue: "image_generation_queue", running: 0, waiting: 0, failed: 0 };
  await against(
    ({ name, query }) => {
      if (name === "generation_jobs") {
        if (query.get("order") === "updated_at.asc") looks++;
        const status = looks < 2 ? "running" : "succeeded"; // it ends after the first look
        return [{ id: jobId(1), kind: "image", status, updated_at: "2026-11-25T12:00:00Z" }];
      }
      figures++;
      if (figures === 2) return unavailable();
      return Response.json([{ ...queue, queued: figures < 3 ? 1 : 0 }]);
    },
    async (operate) => {
      const { code, out } = await operate("watch", "--until-empty", "--json");
      equal(code, 0);
      deepEqual(out.map((line) => JSON.parse(line).status), ["succeeded"]);
    },
  );
});
