/**
 * A real PostgreSQL server for a test: own folder, own port, gone when it is closed.
 *
 * @module
 */

import { join } from "node:path";
import postgres from "postgres";
import { pgmqScript, type PgmqVersion } from "../../local/database/extension_files.ts";
import { type Major, postgresPrograms, type Programs } from "../../local/database/programs.ts";
import { SUPABASE_PRIVILEGES, SUPABASE_ROLES } from "../../local/database/roles.ts";
import { AddressInUse, createCluster, startServer } from "../../local/database/server.ts";

/** How to create a database. */
export interface DatabaseOptions {
  /**
   * Where pgmq comes from: an extension that the migrations have to create (`"available"`), one that
   * is there in some version, or functions that a script has put there.
   */
  pgmq: "available" | "script" | { extension: PgmqVersion };
}

/** A database that has Supabase's roles, but none of our migrations. */
export interface Database {
  /** For its owner, who like Supabase's `postgres` role is no superuser. */
  url: string;
  /** For the server's superuser. */
  superuserUrl: string;
}

/** A running server. */
export interface PostgresServer {
  createDatabase(options: DatabaseOptions): Promise<Database>;
  /**
   * Ends the server, with `"fast"` as an administrator does and with `"immediate"` as a crash, and
   * starts it again on the same files and port after `pause` milliseconds.
   */
  restart(how: "fast" | "immediate", pause?: number): Promise<void>;
  close(): Promise<void>;
}

/** Which server to start, and how. */
export interface TestServerOptions {
  /** The version that npm brings. Default 18. */
  major?: Major;
  /** Other programs than those. */
  programs?: Programs;
  /** Settings as in `postgresql.conf`. */
  settings?: Record<string, string>;
}

/**
 * Starts a server on a free port of 127.0.0.1, without passwords.
 *
 * @throws when there are no binaries for this machine, or the server does not start; with its log.
 */
export async function startPostgres(options: TestServerOptions = {}): Promise<PostgresServer> {
  const folder = await Deno.makeTempDir({ prefix: "generation-queue-postgres-" });
  try {
    // The initdb of PostgreSQL 15 enters it as the user to whom the data belongs.
    await Deno.chmod(folder, 0o711);
    return await startIn(folder, options);
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

async function startIn(folder: string, options: TestServerOptions): Promise<PostgresServer> {
  const data = join(folder, "data");
  const programs = options.programs ?? await postgresPrograms(options.major ?? 18);
  await createCluster(programs, data);
  // The data need not survive a crash of the machine.
  const settings = { fsync: "off", ...options.settings };
  let server = await startServer({ programs, data, settings });
  const { port } = server;

  const url = (database: string, role: string) =>
    `postgresql://${role}@127.0.0.1:${port}/${database}?sslmode=disable`;
  const superuser = connect(url("postgres", "postgres"));
  await superuser.unsafe(`create role project_owner login; ${SUPABASE_ROLES}`);

  let databases = 0;
  return {
    async createDatabase({ pgmq }) {
      const name = `project_${++databases}`;
      await superuser.unsafe(`create database ${name} owner project_owner`);
      const database = {
        url: url(name, "project_owner"),
        superuserUrl: url(name, "postgres"),
      };
      const owner = connect(database.url);
      await owner.unsafe(SUPABASE_PRIVILEGES);
      if (pgmq === "script") {
        await owner.unsafe("create schema pgmq");
        await owner.unsafe(await pgmqScript());
      } else if (pgmq !== "available") {
        await owner.unsafe(`create extension pgmq version '${pgmq.extension}'`);
      }
      await owner.end();
      return database;
    },
    async restart(how, pause = 0) {
      await server.stop(how);
      await new Promise((resolve) => setTimeout(resolve, pause));
      server = await startServer({ programs, data, port, settings }).catch(async (error) => {
        // The system may have given the port to a connection meanwhile, for a short time.
        if (!(error instanceof AddressInUse)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 2000));
        return await startServer({ programs, data, port, settings });
      });
    },
    async close() {
      await superuser.end();
      await server.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Opens one connection to a database, without the notices of idempotent statements. */
export function connect(url: string): postgres.Sql {
  return postgres(url, { max: 1, onnotice: () => {}, idle_timeout: 0 });
}
