/** Many workers on one database: how much they do together, and whether they keep out of each other's way. */
import { type Claim, Ledger, QUEUE } from "../measure/ledger.ts";
import { connect } from "../../tests/support/postgres.ts";
import type { Part, Result } from "../measure/result.ts";

const WORKERS = [1, 8, 64];
/** The first half of the jobs is of one storyboard, the rest of the others. */
const STORYBOARDS = 51;
/** How long the provider takes, in milliseconds: as good as nothing, so that the database is the limit. */
const PROVIDER = 5;
const ENDED = 100_000;
const LOCK_TIMEOUT = "55P03";

/** What the claims have to regard. */
const SETTINGS: Record<string, string> = {
  "no limits": "",
  "a fair share":
    `insert into public.generation_limits (queue, fair_share) values ('${QUEUE}', 'storyboard')`,
};

/** What so many workers have done. */
interface Done {
  perSecond: number;
  /** Claims of a job that another worker had claimed already. */
  twice: number;
  /** Calls that have waited for others for the three seconds that they may. */
  late: number;
  /** How many jobs of a storyboard were done: of the one with the fewest, and of the one with the most. */
  least: number;
  most: number;
}

export const workers: Part = {
  name: "workers",
  what: "1, 8 and 64 workers on one database, each with a connection of its own",
  async run({ isQuick }): Promise<Result> {
    const rows: string[][] = [];
    for (const [name, setting] of Object.entries(SETTINGS)) {
      await using ledger = await Ledger.start();
      await ledger.end(1, ENDED);
      const owner = connect(ledger.url);
      await owner.unsafe(setting);
      for (const count of WORKERS) {
        const jobs = isQuick ? 1000 : 5_000;
        await owner`select pgmq.purge_queue(${QUEUE})`;
        await owner`
          select pgmq.send(${QUEUE}, jsonb_build_object(
            'storyboardId', 'board-' || case when n > ${jobs}::int then 1 + n % ${
          STORYBOARDS - 1
        }::int else 0 end,
            'sceneId', 'scene-' || n,
            'prompt', 'A hero on a cliff'
          ))
          from generate_series(1, ${jobs * 2}::int) as n`;
        await owner`vacuum analyze`;
        const { perSecond, twice, late, most, least } = await drain(ledger, count, jobs);
        const figures = [perSecond.toFixed(), `${twice}`, `${late}`, `${least}`, `${most}`];
        rows.push([`${name}, ${count} worker${count > 1 ? "s" : ""}`, ...figures]);
      }
      await owner.end();
    }
    const columns = ["", "jobs per second", "claimed twice", "gave up waiting", "fewest", "most"];
    return { tables: [{ title: "Workers on one database", columns, rows }] };
  },
};

/** Lets workers do half of what waits. */
async function drain(ledger: Ledger, count: number, jobs: number): Promise<Done> {
  await using opened = new AsyncDisposableStack();
  const sessions = Array.from({ length: count }, () => opened.use(ledger.session()));
  await Promise.all(sessions.map(({ sql }) => sql`select 1`));
  const claimed = new Set<string>();
  const perStoryboard = new Map<string, number>();
  const done: Done = { perSecond: 0, twice: 0, late: 0, least: 0, most: 0 };
  const take = ({ job_id, message }: Claim) => {
    if (claimed.has(job_id)) done.twice++;
    claimed.add(job_id);
    const { storyboardId } = message;
    perStoryboard.set(storyboardId, (perStoryboard.get(storyboardId) ?? 0) + 1);
  };
  const begun = performance.now();
  await Promise.all(sessions.map(async (session) => {
    let next: Claim | undefined;
    while (claimed.size < jobs) {
      try {
        next ??= (await session.claim(1))[0];
        if (!next) continue; // all that is visible is locked by others at this moment
        take(next);
        await new Promise((made) => setTimeout(made, PROVIDER));
        next = (await session.completeAlong(next))?.[0];
      } catch (error) {
        // Anything else, like a deadlock, ends the benchmark.
        if ((error as { code?: string }).code !== LOCK_TIMEOUT) throw error;
        done.late++;
        next = undefined;
      }
    }
  }));
  done.perSecond = claimed.size / (performance.now() - begun) * 1000;
  done.least = perStoryboard.size < STORYBOARDS ? 0 : Math.min(...perStoryboard.values());
  done.most = Math.max(...perStoryboard.values());
  return done;
}
