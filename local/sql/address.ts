/** Where a database is, and what there is to say about the choice. */
export interface Choice {
  url: string;
  /** For the person who ran the command, when the address may not be the one they think of. */
  remark?: string;
}

/** The places an address can come from. */
export interface Candidates {
  /** Named with `--url`. */
  named?: string;
  /** `DATABASE_URL` of `.env.local`, which the local stack writes. */
  local?: string;
  /** `DATABASE_URL` of the environment. */
  environment?: string;
}

/**
 * The database that is meant, or nothing. The local stack goes before the environment: a
 * `DATABASE_URL` that was exported for something else is not what a file of tests should run on.
 */
export function chooseDatabase({ named, local, environment }: Candidates): Choice | undefined {
  if (named) return { url: named };
  if (local) {
    if (!environment || environment === local) return { url: local };
    const remark = `at ${placeOf(local)}, from .env.local; ` +
      `DATABASE_URL of the environment is not used (--url "$DATABASE_URL" does)`;
    return { url: local, remark };
  }
  if (environment) return { url: environment, remark: `at ${placeOf(environment)}` };
}

/** `host:port/database`: without the user and the password. */
export function placeOf(address: string): string {
  if (!URL.canParse(address)) return "an address that is no URL";
  const { hostname, port, pathname } = new URL(address);
  return `${hostname}:${port || 5432}${pathname}`;
}
