import { deepEqual, equal, match } from "node:assert/strict";
import { readArguments } from "../../cli/arguments.ts";
import { jobId, run } from "./support.ts";

Deno.test("operators' commands are read with their flags", () => {
  const cases: [string[], Record<string, unknown>][] = [
    [["status"], { name: "status", json: false }],
    [["list"], { name: "list", filter: {}, limit: 20, json: false }],
    [
      ["list", "--status=failed", "--kind", "video", "--since=24h", "--limit=5", "--json"],
      {
        name: "list",
        filter: { status: "failed", kind: "video", since: { milliseconds: 86_400_000 } },
        limit: 5,
        json: true,
      },
    ],
    [
      ["list", "--storyboard=sb", "--owner=a b", "--since=2026-01-31"],
      {
        name: "list",
        filter: { storyboard_id: "sb", owner: "a b", since: { time: "2026-01-31T00:00:00.000Z" } },
        limit: 20,
        json: false,
      },
    ],
    [["show", jobId(1)], { name: "show", jobId: jobId(1), json: false }],
    [
      ["watch", jobId(1), jobId(2), "--interval=0.5"],
      {
        name: "watch",
        jobIds: [jobId(1), jobId(2)],
        intervalSeconds: 0.5,
        untilEmpty: false,
        json: false,
      },
    ],
    [
      ["cancel", "--storyboard=sb", "--yes"],
      { name: "cancel", jobIds: [], filter: { storyboard_id: "sb" }, yes: true, json: false },
    ],
    [
      ["redrive", "--error=storage_failed"],
      {
        name: "redrive",
        jobIds: [],
        error: "storage_failed",
        kind: undefined,
        forgetOperation: false,
        yes: false,
        json: false,
      },
    ],
    [["doctor", "--json"], { name: "doctor", json: true }],
    [["metrics", "--prometheus"], { name: "metrics", prometheus: true, json: false }],
    [
      ["process", "all", "--max-jobs=3", "--budget=30"],
      {
        name: "process",
        kinds: ["image", "video"],
        maxJobs: 3,
        budgetSeconds: 30,
        background: false,
        json: false,
      },
    ],
  ];
  for (const [args, command] of cases) deepEqual(readArguments(args), command);
});

Deno.test("what cannot be meant is refused before anything is asked of the project", async () => {
  const cases: [string[], RegExp][] = [
    [["status", "images"], /status takes no arguments, and got images/],
    [["list", "--limit=0"], /--limit: expected a number from 1 to 1000/],
    [["list", "--limit=1.5"], /--limit: expected a whole number/],
    [["list", "--status=done"], /--status: expected one of queued, running/],
    [["list", "--kind=audio"], /--kind: expected image or video/],
    [["list", "--since=yesterday"], /--since: expected a span like 30m/],
    [["list", "--wait"], /list takes no --wait; it is for image,/],
    [["show"], /show takes one argument/],
    [["show", "42"], /42 is no job id: expected a UUID/],
    [["watch", "--interval=0"], /--interval: expected a number from 0.1/],
    [["watch", "--until-empty", jobId(1)], /job ids or --until-empty/],
    [["cancel"], /cancel takes job ids, or a filter .* or --all/],
    [["cancel", "--all", "--scene=s"], /one of them/],
    [["cancel", "--status=failed"], /expected queued, running or waiting/],
    [["redrive"], /redrive takes job ids, or --error=CODE/],
    [["redrive", jobId(1), "--all"], /one of them/],
    [["metrics", "--json", "--prometheus"], /not both/],
    [["process"], /images, videos or all/],
    [["process", "image"], /images, videos or all/],
    [["process", "all", "--max-jobs=0"], /--max-jobs: expected a number from 1/],
    [["image", "A cliff", "--all"], /image takes no --all; it is for cancel, redrive/],
  ];
  for (const [args, message] of cases) {
    const { code, err, out } = await run(args);
    equal(code, 2, args.join(" "));
    match(err.join("\n"), message);
    deepEqual(out, []);
  }
});
