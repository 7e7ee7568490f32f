import { join } from "node:path";
import { DEFAULT_MAJOR, postgresPrograms } from "../database/programs.ts";
import { AddressInUse, createCluster, startServer as startPostgres } from "../database/server.ts";
import type { Closing } from "./closing.ts";
import { PortInUse } from "./ports.ts";

/** The name that Supabase gives the superuser, who is not the owner of the database. */
const SUPERUSER = "supabase_admin";

/** The files of the database cannot be created, or not opened by this version of PostgreSQL. */
export class DatabaseUnusable extends Error {
  override name = "DatabaseUnusable";
}

export interface ServerOptions {
  /** The folder of its files, created at the first start. */
  folder: string;
  /** Default: a free port. */
  port: number | undefined;
  /** The superuser's. */
  password: string;
  /** Whether the files outlive this process. */
  lasting: boolean;
  closing: Closing;
  log: (line: string) => void;
}

/**
 * Starts the PostgreSQL server of a stack and returns its superuser's connection string.
 *
 * @throws PortInUse, DatabaseUnusable
 */
export async function startServer(options: ServerOptions): Promise<string> {
  const { folder: data, port, password, lasting, closing, log } = options;
  const programs = await postgresPrograms(DEFAULT_MAJOR, log);
  const version = await Deno.readTextFile(join(data, "PG_VERSION")).catch(() => undefined);
  if (version === undefined) {
    log("creating the database");
    await createCluster(programs, data, { superuser: SUPERUSER, password }).catch((cause) => {
      throw new DatabaseUnusable(`the database in ${data} cannot be created`, { cause });
    });
  } else if (parseInt(version) !== DEFAULT_MAJOR) {
    throw new DatabaseUnusable(
      `the database in ${data} is of PostgreSQL ${version.trim()}, and this is ${DEFAULT_MAJOR}`,
    );
  }
  // A crash of the machine may lose the last transactions, but corrupts nothing.
  const settings: Record<string, string> = lasting
    ? { synchronous_commit: "off" }
    : { fsync: "off" };
  const server = await startPostgres({ programs, data, port, settings }).catch((error) => {
    if (port !== undefined && error instanceof AddressInUse) throw new PortInUse(port);
    throw new DatabaseUnusable(`the database in ${data} does not open`, { cause: error });
  });
  closing.add(() => server.stop());
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${server.port}/postgres?sslmode=disable`;
}
