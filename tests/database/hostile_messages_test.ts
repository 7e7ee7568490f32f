/** That whatever PostgreSQL takes as a message comes to an end by itself, among ordinary messages. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { migrate } from "../../local/database/migrate.ts";
import { connect, startPostgres } from "../support/postgres.ts";
import { random } from "./races/crowd.ts";

const QUEUE = "image_generation_queue";
/** None takes a second, but the machine may be busy. */
const PATIENCE = "60s";
/** The bounds of `rejection_reason`. */
const MOST = { bytes: 262_144, levels: 100, values: 1000 };

interface Message {
  name: string;
  /** An expression of type jsonb. */
  sql: string;
  readable: boolean;
}

const list = (quantity: number, element: string) =>
  `(select jsonb_agg(${element}) from generate_series(1, ${quantity}))`;
const nested = (open: string, levels: number, close: string) =>
  `(repeat('${open}', ${levels}) || '1' || repeat('${close}', ${levels}))::jsonb`;
const withField = (field: string, value: string) =>
  `jsonb_build_object('storyboardId', 'sb', 'prompt', 'p', '${field}', ${value})`;

/** Kinds of messages; `near` gives sizes at a bound, past it and far past it, with whether they are within it. */
function kinds(choose: <T>(of: T[]) => T) {
  const near = (bound: number, far: number): [number, boolean] =>
    choose([[bound, true], [bound + 1, false], [Math.ceil(bound / 2), true], [far, false]]);
  const field = () =>
    choose(["x", "prompt", "priority", "owner", "model", "webhookUrl", "sceneId", "storyboardId"]);
  /** One field more than storyboardId and prompt, unless it is one of these. */
  const values = (name: string) => ["prompt", "storyboardId"].includes(name) ? 3 : 4;
  const of = (name: string, sql: string, readable: boolean): Message => ({ name, sql, readable });
  return [
    () => {
      const [levels, readable] = near(MOST.levels - 1, choose([1000, 4000]));
      const name = field();
      const [open, close] = choose([["[", "]"], ['{"a":', "}"], ['{"\\u2028":', "}"]]);
      const sql = withField(name, nested(open, levels, close));
      return of(`${levels} levels of ${open} in ${name}`, sql, readable);
    },
    () => {
      // {"…": 1, "prompt": "p", "storyboardId": "sb"}
      const [bytes, readable] = near(MOST.bytes, choose([330_000, 28_000_000]));
      const sql = withField("x", "1").replace("'x'", `repeat('k', ${bytes - 44})`);
      return of(`a key of ${bytes - 44} bytes`, sql, readable);
    },
    () => {
      // Characters at the edges of what text can be, wherever they stand.
      const code = choose([1, 0x7f, 0x80, 0x9b, 0x202e, 0xfeff, 0xfffd, 0xffff, 0x1f600, 0x10ffff]);
      const text = `repeat(chr(${code}), ${choose([1, 300, 5000])})`;
      const sql = choose([
        withField(field(), text),
        withField("x", "1").replace("'x'", text),
        `jsonb_build_object('prompt', ${text}, 'storyboardId', ${text}, 'owner', ${text})`,
      ]);
      return of(`U+${code.toString(16)} in ${sql}`, sql, true);
    },
    () => {
      const number = choose([
        "100.0",
        "-100.00",
        "1e2",
        "0.1e3",
        "-0.0",
        "1e-400",
        "99999999999999999999",
      ]);
      return of(`priority ${number}`, withField("priority", `'${number}'::jsonb`), true);
    },
    () => {
      const name = field();
      const [quantity, readable] = near(MOST.values - values(name), 40_000);
      const element = choose(["null::jsonb", "true", "'{}'::jsonb", "''::text", "7"]);
      const text = withField(name, list(quantity, `${element}`));
      return of(`${quantity} times ${element} in ${name}`, text, readable);
    },
    () => {
      // With its length as text, and whether other readers of JSON know it.
      const [number, length, known] = choose<[string, number, boolean]>([
        ["1.7e308", 309, true],
        ["-1.7e308", 310, true],
        ["1e-16383", 16385, true],
        ["0.1", 3, true],
        ["9007199254740993", 16, true],
        ["1.71e308", 309, false],
        ["1e400", 401, false],
        ["-1e131071", 131073, false],
      ]);
      const quantity = choose([1, 10, 900, 9000]);
      const fits = quantity < MOST.values && quantity * (length + 2) < MOST.bytes - 100;
      const name = field();
      const text = withField(name, list(quantity, `to_jsonb(${number}::numeric)`));
      return of(`${quantity} times ${number} in ${name}`, text, known && fits);
    },
    () => {
      const [bytes, readable] = near(MOST.bytes, choose([330_000, 1_048_600, 28_000_000]));
      // {"x": "…", "prompt": "p", "storyboardId": "sb"}
      const [character, each] = choose<[string, number]>([["a", 1], ["ä", 2], ["\u0001", 6]]);
      const quantity = Math.floor((bytes - 46) / each);
      const rest = (bytes - 46) % each;
      const long = `repeat(chr(${character.charCodeAt(0)}), ${quantity}) || repeat('b', ${rest})`;
      return of(`${bytes} bytes of ${each}`, withField("x", long), readable);
    },
    () => {
      const quantity = choose([1, 500, 20_000]);
      const keys =
        `(select jsonb_object_agg(repeat('k', 250) || n, n) from generate_series(1, ${quantity}) as n)`;
      return of(
        `${quantity} keys`,
        withField("x", keys),
        quantity < 500 || 255 * quantity < MOST.bytes,
      );
    },
    () => {
      const sql = choose([
        ...["null::jsonb", `'null'`, `'17'`, `'"text"'`, `'[]'`, `'{}'`, `'{"": {"": ""}}'`],
        ...[`'1e131000'`, `'"\\u2028\\ud83d\\ude00"'`, `'[[[[]]]]'`],
      ]);
      return of(sql, `${sql}::jsonb`, !["null::jsonb", "'1e131000'"].includes(sql));
    },
  ];
}

/** So many messages; half of them are ordinary. */
function messages(seed: number, quantity: number): Message[] {
  const next = random(seed);
  const choose = <T>(of: T[]) => of[Math.floor(next() * of.length)];
  const made = kinds(choose);
  return Array.from({ length: quantity }, (_, n) => {
    if (n % 2 === 0) return { name: "ordinary", sql: withField("n", `${n}`), readable: true };
    return choose(made)();
  });
}

/** Claims until nothing is left; the ids of the messages, with their sizes. */
async function claimAll(session: Sql, quantity: number): Promise<Map<string, number>> {
  const claimed = new Map<string, number>();
  for (;;) {
    const claims = await session`
      select msg_id, octet_length(message::text) as bytes
      from public.claim_generation_jobs(${QUEUE}, 600, ${quantity})`;
    for (const { msg_id, bytes } of claims) claimed.set(msg_id, bytes);
    const [{ visible }] = await session`
      select count(*)::int as visible from pgmq.q_image_generation_queue where vt <= clock_timestamp()`;
    if (visible === 0) return claimed;
  }
}

/** Everything that shows messages or jobs. */
async function readAll(reader: Sql) {
  for (
    const view of ["generation_pending_jobs", "generation_jobs_in_flight", "generation_failures"]
  ) {
    await reader.unsafe(`select * from public.${view}`);
  }
  await reader`select * from pgmq.image_generation_queue`;
  await reader`select * from public.generation_jobs`;
  await reader`select * from public.generation_metrics()`;
  await reader`select public.generation_job(id) from public.generation_jobs`;
}

const COUNT = 60;

for (
  const [major, version, limits] of [
    [15, "1.5.1", ""],
    [
      18,
      "1.11.1",
      "insert into public.generation_limits (queue, fair_share) values ('image_generation_queue', 'owner')",
    ],
  ] as const
) {
  Deno.test(`any message ends by itself, on PostgreSQL ${major}${limits && " with limits"}`, async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0];
    const server = await startPostgres({ major });
    const { url, superuserUrl } = await server.createDatabase({ pgmq: { extension: version } });
    const session = connect(url);
    const reader = connect(superuserUrl);
    try {
      await migrate(async (sql) => void (await session.unsafe(sql)));
      await session.unsafe(limits);
      await reader`set role service_role`;
      await session.unsafe(`set statement_timeout = '${PATIENCE}'`);
      const sent = new Map<string, Message>();
      for (const [n, message] of messages(seed, COUNT).entries()) {
        // Some are sent while the triggers are missing.
        const orphaned = n % 10 > 7;
        if (orphaned) await session`alter table pgmq.q_image_generation_queue disable trigger user`;
        const [{ id }] = await session.unsafe(`select pgmq.send('${QUEUE}', ${message.sql}) as id`);
        if (orphaned) await session`alter table pgmq.q_image_generation_queue enable trigger user`;
        sent.set(id, message);
      }
      await readAll(reader);

      const claimed = await claimAll(session, 5);
      for (const [id, { name, readable }] of sent) {
        assert.equal(claimed.has(id), readable, `${name} is ${readable ? "not " : ""}handed out`);
        assert.ok((claimed.get(id) ?? 0) <= MOST.bytes, name);
      }
      const states =
        await session`select distinct status, error_code from public.generation_jobs order by status desc`;
      assert.deepEqual(states.map(({ status, error_code }) => `${status} ${error_code}`), [
        "running null",
        "failed invalid_message",
      ]);
      const [{ jobs, longest }] = await session`
        select count(*)::int as jobs, max(octet_length(message::text)) as longest from public.generation_jobs`;
      assert.equal(jobs, COUNT);
      assert.ok(longest <= MOST.bytes);
      await readAll(reader);

      // They come back as they are, and fail as they did.
      const again =
        await session`select public.redrive_generation_jobs(error_code => 'invalid_message')`;
      assert.equal(again.length, COUNT - claimed.size);
      await readAll(reader);
      assert.equal((await claimAll(session, 100)).size, 0);

      for (const { name, sql, readable } of sent.values()) {
        const call = session.unsafe(`select public.enqueue_generation_job('${QUEUE}', ${sql})`);
        if (!readable) await assert.rejects(call, { code: "22023" }, name);
        // It may be no job, all the same.
        else await call.catch(({ code }) => assert.equal(code, "22023", name));
      }
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    } finally {
      await Promise.all([session.end(), reader.end()]);
      await server.close();
    }
  });
}
