/** pg_cron's functions and tables, as far as they are used here. */
export const CRON = `
create schema if not exists cron;
create table if not exists cron.job (
  jobid bigint generated always as identity primary key,
  schedule text not null,
  command text not null,
  active boolean not null default true,
  jobname text unique
);
create table if not exists cron.job_run_details (
  jobid bigint,
  runid bigint generated always as identity primary key,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);

create or replace function cron.schedule(job_name text, schedule text, command text)
returns bigint language sql as $$
  insert into cron.job (jobname, schedule, command) values ($1, $2, $3)
  on conflict (jobname) do update set schedule = excluded.schedule, command = excluded.command
  returning jobid
$$;
create or replace function cron.unschedule(job_id bigint) returns boolean language sql as $$
  with gone as (delete from cron.job where jobid = $1 returning 1) select exists (select from gone)
$$;
create or replace function cron.unschedule(job_name text) returns boolean language sql as $$
  with gone as (delete from cron.job where jobname = $1 returning 1) select exists (select from gone)
$$;
`;

/** How often it looks whether a job is due. Milliseconds. */
const BEAT = 250;

/** The database that has the jobs. */
export interface CronDatabase {
  query<T>(sql: string, parameters?: unknown[]): Promise<T[]>;
}

interface Job {
  jobid: number;
  schedule: string;
  command: string;
}

/** Runs the jobs of `cron.job`, one after the other. */
export class Cron {
  readonly #timer: ReturnType<typeof setInterval>;
  /** When each job was last begun. */
  readonly #begun = new Map<number, Date>();
  #current: Promise<void> | undefined;

  constructor(
    private readonly database: CronDatabase,
    private readonly log: (line: string) => void,
  ) {
    this.#timer = setInterval(() => this.#beat(), BEAT);
    this.#beat();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#current;
  }

  #beat(): void {
    this.#current ??= this.#runWhatIsDue()
      .catch((error) => this.log(`schedule: ${error.message}`))
      .finally(() => this.#current = undefined);
  }

  async #runWhatIsDue(): Promise<void> {
    const jobs = await this.database.query<Job>(
      "select jobid::int, schedule, command from cron.job where active order by jobid",
    );
    for (const job of jobs) {
      const now = new Date();
      if (!isDue(job.schedule, now, this.#begun.get(job.jobid))) continue;
      this.#begun.set(job.jobid, now);
      await this.#run(job, now);
    }
  }

  async #run({ jobid, command }: Job, begun: Date): Promise<void> {
    const [status, message] = await this.database.query(command).then(
      (rows) => ["succeeded", `${rows.length} row${rows.length === 1 ? "" : "s"}`],
      (error) => ["failed", `ERROR:  ${error.message}`],
    );
    await this.database.query(
      `insert into cron.job_run_details (jobid, command, status, return_message, start_time, end_time)
       values ($1, $2, $3, $4, $5, clock_timestamp())`,
      [jobid, command, status, message, begun.toISOString()],
    );
  }
}

/**
 * Whether a job is to be run now. A schedule is "N seconds", or five fields in UTC, each a star, a
 * star with "/N" after it, or a number. A job that has not been run yet does not wait for its
 * seconds.
 */
export function isDue(schedule: string, now: Date, begun: Date | undefined): boolean {
  const seconds = /^(\d+) seconds?$/.exec(schedule)?.[1];
  if (seconds) return !begun || now.getTime() - begun.getTime() >= Number(seconds) * 1000;
  const minute = (time: Date) => Math.floor(time.getTime() / 60_000);
  if (begun && minute(begun) === minute(now)) return false;
  const clock = [
    now.getUTCMinutes(),
    now.getUTCHours(),
    now.getUTCDate(),
    now.getUTCMonth() + 1,
    now.getUTCDay(),
  ];
  const fields = schedule.split(" ");
  return fields.length === clock.length && fields.every((field, i) => {
    const every = /^\*\/(\d+)$/.exec(field)?.[1];
    return field === "*" || (every ? clock[i] % Number(every) === 0 : Number(field) === clock[i]);
  });
}
