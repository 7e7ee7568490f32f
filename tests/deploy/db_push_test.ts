/** `supabase db push`, by the real CLI, on a real PostgreSQL. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect, startPostgres } from "../support/postgres.ts";
import { REPOSITORY } from "./deployment.ts";
import { NOWHERE, supabase } from "./supabase_cli.ts";

for (const [major, version] of [[15, "1.5.1"], [18, "1.11.1"]] as const) {
  Deno.test(`the CLI applies the migrations, once, on PostgreSQL ${major}`, async () => {
    const server = await startPostgres({ major });
    try {
      const { url } = await server.createDatabase({ pgmq: { extension: version } });
      const push = (...flags: string[]) =>
        supabase(REPOSITORY, NOWHERE, ["db", "push", `--remote=${url}`, ...flags]);
      const files = [...Deno.readDirSync(`${REPOSITORY}supabase/migrations`)].map(({ name }) =>
        name
      );

      const rehearsed = await push("--dry-run");
      equal(rehearsed.code, 0, rehearsed.output);
      for (const name of files) ok(rehearsed.output.includes(name), `${name} is not announced`);

      const pushed = await push();
      equal(pushed.code, 0, pushed.output);
      const session = connect(url);
      const applied = await session`select version from supabase_migrations.schema_migrations`;
      deepEqual(
        applied.map(({ version }) => version).sort(),
        files.map((name) => name.split("_")[0]).sort(),
      );
      const [sent] = await session`
        select job_id from enqueue_generation_job(
          'image_generation_queue', '{"storyboardId": "sb", "prompt": "p"}'
        )`;

      const again = await push();
      equal(again.code, 0, again.output);
      match(again.output, /up to date/);
      const [job] = await session`select job_id, status from generation_pending_jobs`;
      deepEqual({ ...job }, { job_id: sent.job_id, status: "queued" });
      await session.end();
    } finally {
      await server.close();
    }
  });
}
