import { UsageError } from "../../cli/failure.ts";

/** The address of a database, and a remark about the choice. */
export interface Choice {
  url: string;
  /** Tells the user if the address may not be the expected one. */
  remark?: string;
}

/** The sources of an address. */
export interface Candidates {
  /** Named with `--url`. */
  named?: string;
  /** `DATABASE_URL` of `.env.local`, which the local stack writes. */
  local?: string;
  /** `DATABASE_URL` of the environment. */
  environment?: string;
}

/**
 * The database to use. The local stack precedes the environment: test data must not end up
 * in a database whose `DATABASE_URL` was exported for something else.
 *
 * @throws {UsageError} when there is none.
 */
export function chooseDatabase({ named, local, environment }: Candidates): Choice {
  if (named) return { url: named };
  if (local) {
    if (!environment || environment === local) return { url: local };
    const remark = `at ${placeOf(local)}, from .env.local; ` +
      `DATABASE_URL of the environment is not used (--url "$DATABASE_URL" does)`;
    return { url: local, remark };
  }
  if (environment) return { url: environment, remark: `at ${placeOf(environment)}` };
  throw new UsageError(
    "DATABASE_URL is not set, and no `deno task start` has written .env.local. That of a stack that was " +
      "started with --data DIR: --env-file DIR/.env.local",
  );
}

/** `host:port/database`: without the user and the password. */
export function placeOf(address: string): string {
  if (!URL.canParse(address)) return "an address that is no URL";
  const { hostname, port, pathname } = new URL(address);
  return `${hostname}:${port || 5432}${pathname}`;
}
