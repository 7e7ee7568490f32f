/** What an entity shows, when several jobs of it end at once. */

import assert from "node:assert/strict";
import type { Sql } from "postgres";
import { choose, claim, complete, confirm, unpublished } from "../calls.ts";
import { overlap, pidOf, race, untilBlocked } from "./sessions.ts";

interface Copied {
  job_id: string;
  publications: unknown[];
}

const confirmAll = (session: Sql, copied: Copied[]) =>
  session`select public.maintain_generation_queue(
    'image_generation_queue', ${session.json(copied as never)})`.execute();

async function sceneUrl(session: Sql): Promise<string> {
  const [{ url }] = await session`select value ->> 'imageUrl' as url from public.kv_store_7ee7668a`;
  return url;
}

Deno.test("what an entity shows", (t) =>
  race(t, async (step) => {
    for (const order of ["older first", "newer first"]) {
      await step(`two jobs of one scene complete together, ${order}`, async (sessions) => {
        const [older, newer] = await claim(sessions.onlooker, 2);
        const [first, second] = order === "older first" ? [older, newer] : [newer, older];
        const outcome = await overlap(
          sessions,
          (a) => complete(a, first),
          (b) => complete(b, second),
        );
        assert.equal(outcome.waited, true);
        assert.equal(
          outcome.second.entities[0].outcome,
          second === newer ? "linked" : "superseded",
        );
        assert.equal(await sceneUrl(sessions.onlooker), "https://x.test/2-1.png");
      });
    }

    for (const order of ["choice first", "completion first"]) {
      await step(`a choice, and a job that was enqueued before it, ${order}`, async (sessions) => {
        const [older, newer] = await claim(sessions.onlooker, 2);
        await complete(sessions.onlooker, older);
        const chooses = (session: Sql) => choose(session, older.job_id);
        const completes = (session: Sql) => complete(session, newer);
        const { waited } = order === "choice first"
          ? await overlap(sessions, chooses, completes)
          : await overlap(sessions, completes, chooses);
        assert.equal(waited, true);
        assert.equal(await sceneUrl(sessions.onlooker), "https://x.test/1-1.png");
      });
    }

    await step("linking does not undo what another session is writing", async (sessions) => {
      const [mine] = await claim(sessions.onlooker);
      await overlap(
        sessions,
        (a) => a`update public.kv_store_7ee7668a set value = value || '{"title": "Beach"}'`,
        (b) => complete(b, mine),
      );
      const [{ value }] = await sessions.onlooker`select value from public.kv_store_7ee7668a`;
      assert.deepEqual([value.title, value.imageUrl], ["Beach", "https://x.test/1-1.png"]);
    });

    await step(
      "a copy is confirmed against what has been completed, not what is about to be",
      async (sessions) => {
        const [older, newer] = await claim(sessions.onlooker, 2);
        const { publications } = await complete(sessions.onlooker, older);
        const { first, second, waited } = await overlap(
          sessions,
          (a) => complete(a, newer),
          (b) => confirm(b, older.job_id, publications),
        );
        assert.deepEqual([second, waited], [[], false]);
        assert.equal(
          first.publications[0].object_path,
          "2-1.png",
          "the newer one's worker copies its own",
        );
        assert.deepEqual(
          await confirm(sessions.b, older.job_id, publications),
          first.publications,
          "a later call is told",
        );
      },
    );

    await step("two who confirm the same copies do not wait in a circle", async (sessions) => {
      const { a, b, onlooker, another } = sessions;
      const made: Copied[] = [];
      for (const mine of await claim(onlooker, 2)) {
        const { publications } = await complete(onlooker, mine);
        made.push({ job_id: mine.job_id, publications });
      }
      const [first, second] = await Promise.all([a, b].map(pidOf));
      const holder = another();
      await holder`begin`;
      await holder`
        select from public.generation_publications where job_id = ${made[0].job_id} for update`;
      const confirmed = [confirmAll(a, made)];
      assert.ok(await untilBlocked(onlooker, first));
      confirmed.push(confirmAll(b, made.toReversed()));
      assert.ok(await untilBlocked(onlooker, second));
      await holder`commit`;
      await Promise.all(confirmed);
      const left = await onlooker`select job_id from public.generation_publications`;
      assert.deepEqual(left.map(({ job_id }) => job_id), [made[0].job_id], "the older one's again");
    });

    await step("two who make up for lost copies are handed different jobs", async (sessions) => {
      for (const mine of await claim(sessions.onlooker, 2)) await complete(sessions.onlooker, mine);
      await sessions.onlooker`
        update public.generation_publications set due_at = due_at - interval '11 minutes'`;
      const { first, second, waited } = await overlap(sessions, unpublished, unpublished);
      assert.deepEqual([first.length, second.length, waited], [2, 0, false]);
      assert.deepEqual(await unpublished(sessions.b), [], "for longer than a worker lives");
    });
  }));
