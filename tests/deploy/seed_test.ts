/** `supabase/seed.sql` in the local stack's database, applied by the real CLI. */
import { deepEqual, equal, match } from "node:assert/strict";
import type { Sql } from "postgres";
import { EXTENSIONS } from "../database/tap.ts";
import { connect, type Database, startPostgres } from "../support/postgres.ts";
import { REPOSITORY } from "./deployment.ts";
import { startDocker } from "./docker.ts";
import { NOWHERE, supabase } from "./supabase_cli.ts";

/** The CLI's status of the local stack that it would start here. */
async function localStack(): Promise<Record<string, string>> {
  const docker = startDocker();
  try {
    const { stdout } = await supabase(REPOSITORY, NOWHERE, ["status", "--output", "json"], {
      DOCKER_HOST: docker.host,
    });
    return JSON.parse(stdout);
  } finally {
    await docker.close();
  }
}

/** Runs `test` in a database with the stand-ins of the extensions, before the migrations. */
async function inDatabase(test: (database: Database, session: Sql) => Promise<void>) {
  const server = await startPostgres({ major: 15 });
  try {
    const database = await server.createDatabase({ pgmq: { extension: "1.5.1" } });
    const session = connect(database.url);
    await session.unsafe(EXTENSIONS);
    await test(database, session);
    await session.end();
  } finally {
    await server.close();
  }
}

async function pushWithSeed({ url }: Database): Promise<string> {
  const arguments_ = ["db", "push", "--include-seed", `--remote=${url}`];
  const { code, output } = await supabase(REPOSITORY, NOWHERE, arguments_);
  equal(code, 0, output);
  return output;
}

const secrets = async (session: Sql) => {
  const rows = await session`select name, decrypted_secret from vault.decrypted_secrets`;
  return Object.fromEntries(rows.map((row) => [row.name, row.decrypted_secret]));
};

Deno.test("after the seed, a message on the local stack calls the function with the stack's own key", async () => {
  const stack = await localStack();
  await inDatabase(async (database, session) => {
    const superuser = connect(database.superuserUrl);
    const name = new URL(database.url).pathname.slice(1);
    // The CLI does this when it creates the database.
    await superuser.unsafe(
      `alter database ${name} set "app.settings.jwt_secret" = '${stack.JWT_SECRET}'`,
    );
    await superuser.end();
    match(await pushWithSeed(database), /seed\.sql/);

    deepEqual(await secrets(session), {
      project_url: "http://kong:8000",
      worker_key: stack.SERVICE_ROLE_KEY,
    });
    const rows = await session`select queue, installed, missing from generation_schedule()`;
    deepEqual(rows.map((row) => ({ ...row })), [
      { queue: "image_generation_queue", installed: true, missing: [] },
      { queue: "video_generation_queue", installed: true, missing: [] },
    ]);

    await session`select pgmq.send('image_generation_queue', '{"prompt": "p"}')`;
    const calls = await session`
      select url, headers ->> 'authorization' as authorization from net.http_request_queue`;
    deepEqual(calls.map((call) => ({ ...call })), [{
      url: "http://kong:8000/functions/v1/process-image-generation",
      authorization: `Bearer ${stack.SERVICE_ROLE_KEY}`,
    }]);
  });
});

Deno.test("the seed installs nothing in a database that is not the local stack's", async () => {
  await inDatabase(async (database, session) => {
    await pushWithSeed(database);
    deepEqual(await secrets(session), {});
    const rows = await session`select installed from generation_schedule()`;
    deepEqual(rows.map(({ installed }) => installed), [false, false]);
  });
});

Deno.test("the seed keeps the address and the key that are there", async () => {
  const seed = await Deno.readTextFile(`${REPOSITORY}supabase/seed.sql`);
  await inDatabase(async (database, session) => {
    await pushWithSeed(database);
    await session`select install_generation_schedule('https://project.test', 'the key')`;
    await session`set "app.settings.jwt_secret" = 'a secret of at least 32 characters'`;
    await session.unsafe(seed);
    deepEqual(await secrets(session), {
      project_url: "https://project.test",
      worker_key: "the key",
    });
  });
});
