import { fileURLToPath } from "node:url";
import { migrate } from "../database/migrate.ts";
import { ConsoleSite } from "../console/site.ts";
import { route, type Services } from "./api.ts";
import { Closing } from "./closing.ts";
import { Database } from "./database.ts";
import { clearFolder, openFolder } from "./folder.ts";
import { denoBinary, type DenoVersion } from "./functions/deno_binary.ts";
import { injectedEnvironment } from "./functions/environment.ts";
import { FunctionsHost } from "./functions/host.ts";
import { type Keys, loadKeys } from "./keys.ts";
import { Lite } from "./lite.ts";
import { createOwner, OWNER_GRANTS } from "./owner.ts";
import { openPort } from "./ports.ts";
import { DatabaseUnusable, startServer } from "./postgres.ts";
import { createExtensions, Schedule } from "./schedule/mod.ts";
import { ObjectFiles } from "./storage/files.ts";
import { StorageApi } from "./storage/mod.ts";

export { FolderInUse, FolderUnusable, simulatorMemory } from "./folder.ts";
export { PortForbidden, PortInUse } from "./ports.ts";
export { DatabaseUnusable } from "./postgres.ts";

const FUNCTIONS = fileURLToPath(new URL("../../supabase/functions", import.meta.url));

export interface StackOptions {
  /** Port of the API. Default: a free port. */
  port?: number;
  /**
   * A superuser's connection string for a database on another PostgreSQL server. Without it the stack
   * starts its own server.
   */
  postgres?: string;
  /** Port of its own server. Default: the API's port plus one, or a free port. */
  sqlPort?: number;
  /** The folder of the data. Without it the data is deleted when the stack closes. */
  dataDir?: string;
  /** Delete what `dataDir` holds, except the keys. */
  fresh?: boolean;
  /** Which Deno runs the functions. */
  denoVersion?: DenoVersion;
  /** The folder of the functions. Default: this repository's `supabase/functions`; `false`: none. */
  functionsRoot?: string | false;
  /** Variables that `supabase secrets set` would add to the functions' environment. */
  env?: Record<string, string>;
  /** Call the functions when their queue has work, as a hosted project does. Default false. */
  tick?: boolean;
  /** Seconds between two runs of the schedule. Default: the database's setting. */
  tickSeconds?: number;
  /** Receives a line for each thing that is installed, starts or fails. */
  log?: (line: string) => void;
}

export interface Stack {
  /** Base address: `/rest/v1`, `/storage/v1`, `/functions/v1` are below it, the console is at `/`. */
  url: string;
  secretKey: string;
  publishableKey: string;
  /** Signs users' tokens (HS256), like a project's JWT secret. The stack has no Auth that issues them. */
  jwtSecret: string;
  /** For the database's owner. */
  databaseUrl: string;
  /** The functions served at `/functions/v1/<name>`. */
  functionNames: string[];
  /** The functions that could not be loaded; their logs say why. */
  brokenFunctions: string[];
  /** Runs one statement as the database's owner. */
  sql<T>(query: string, parameters?: unknown[]): Promise<T[]>;
  /** Does what `supabase secrets set` does: the functions start again with these variables. */
  setSecrets(variables: Record<string, string>): Promise<void>;
  /** The lines that a function has logged since the start, oldest first. */
  functionLogs(name: string): string[];
  /** Stops everything, the functions first. Later calls do nothing. */
  close(): Promise<void>;
}

/**
 * Starts PostgreSQL, the Data API, Storage and the Edge Functions on the loopback interface. The
 * stack is ready when this returns.
 *
 * @throws PortInUse, PortForbidden, FolderInUse, FolderUnusable, DatabaseUnusable
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const closing = new Closing();
  try {
    return await start(options, closing);
  } catch (error) {
    await closing.close().catch(() => {});
    throw error;
  }
}

async function start(options: StackOptions, closing: Closing): Promise<Stack> {
  const log = options.log ?? (() => {});
  // The ports come first: a start that fails there has changed nothing.
  const ready = Promise.withResolvers<Services>();
  ready.promise.catch(() => {});
  closing.add(() => ready.reject(new Error("the stack was closed")));
  const { server, url, port } = serveApi(options.port ?? 0, ready.promise, log);
  closing.add(() => shutDown(server));
  const folder = await openFolder(options.dataDir, closing);
  const sqlPort = options.sqlPort ?? (options.port ? port + 1 : undefined);
  if (sqlPort !== undefined) {
    openPort(sqlPort, () => Deno.listen({ hostname: "127.0.0.1", port: sqlPort })).close();
  }
  if (options.fresh && options.dataDir) await clearFolder(options.dataDir);

  const keys = await loadKeys(folder.keys);
  const superuserUrl = options.postgres ?? await startServer({
    folder: folder.postgres,
    port: sqlPort,
    password: keys.superuserPassword,
    lasting: options.dataDir !== undefined,
    closing,
    log,
  });
  const superuser = await Database.openAsSuperuser(superuserUrl).catch((cause) => {
    if (cause.code !== "28P01") throw cause;
    throw new DatabaseUnusable(`the password in ${folder.keys} is not the database's`, { cause });
  });
  closing.add(() => superuser.close());
  const files = new ObjectFiles(folder.objects);
  const lite = await Lite.open(superuser, files, keys);
  const databaseUrl = options.postgres ??
    await createOwner(superuser, superuserUrl, keys.databasePassword);
  if (!options.postgres) await superuser.execute(OWNER_GRANTS);
  const database = await openProject(databaseUrl, options, closing);
  log(`API        ${url}`);
  const services = servicesOf(url, lite, new StorageApi(superuser, files), keys);
  ready.resolve(services);
  log(`SQL        port ${new URL(databaseUrl).port}`);

  const functions = await hostFunctions(options, injectedEnvironment(url, keys), folder.logs);
  closing.add(() => functions.close());
  services.functions = functions;
  const broken = await functions.started();
  const { denoVersion = "current", tickSeconds: seconds } = options;
  const version = denoVersion === "current" ? Deno.version.deno : denoVersion;
  log(`functions  ${functions.names.join(", ")} (Deno ${version})`);
  for (const name of broken) log(`${name} does not start:\n${functions.logs(name).join("\n")}`);
  if (options.tick) {
    const { secretKey } = keys;
    const schedule = await Schedule.open({ database, url, secretKey, seconds, log });
    closing.add(() => schedule.close());
  }

  return {
    url,
    secretKey: keys.secretKey,
    publishableKey: keys.publishableKey,
    jwtSecret: keys.signingSecret,
    databaseUrl,
    functionNames: functions.names,
    brokenFunctions: broken,
    sql: (query, parameters) => database.query(query, parameters),
    setSecrets: (variables) => functions.restart(variables),
    functionLogs: (name) => functions.logs(name),
    close: () => closing.close(),
  };
}

/** The project's database, with the migrations. */
async function openProject(
  url: string,
  { tick, dataDir }: StackOptions,
  closing: Closing,
): Promise<Database> {
  const database = await Database.open(url);
  closing.add(() => database.close());
  if (tick) await createExtensions(database);
  await migrate((sql) => database.execute(sql)).catch((cause) => {
    if (!dataDir) throw cause;
    throw new DatabaseUnusable(`the data in ${dataDir} are of another version`, { cause });
  });
  return database;
}

function servicesOf(url: string, lite: Lite, storage: StorageApi, keys: Keys): Services {
  const send = (request: Request) => route(request, services);
  const console = new ConsoleSite({ url, key: keys.secretKey, send });
  const services: Services = { lite, storage, keys, console };
  return services;
}

async function hostFunctions(
  { denoVersion = "current", functionsRoot = FUNCTIONS, env, log }: StackOptions,
  injected: Record<string, string>,
  logFolder?: string,
): Promise<FunctionsHost> {
  if (logFolder) await Deno.mkdir(logFolder, { recursive: true });
  return new FunctionsHost({
    deno: await denoBinary(denoVersion, log),
    root: functionsRoot,
    environment: { ...injected, ...env },
    logFolder,
  });
}

function serveApi(wanted: number, services: Promise<Services>, log: (line: string) => void) {
  const server: Deno.HttpServer<Deno.NetAddr> = openPort(wanted, () =>
    Deno.serve({
      hostname: "127.0.0.1",
      port: wanted,
      onListen: () => {},
      onError: (error) => {
        log(`API: ${error instanceof Error ? error.stack : error}`);
        return Response.json({ message: "Internal server error" }, { status: 500 });
      },
    }, async (request, { remoteAddr }) =>
      route(request, await services, { client: remoteAddr, server: server.addr.port })));
  const { port } = server.addr;
  return { server, port, url: `http://127.0.0.1:${port}` };
}

/** A client that keeps its connection open cannot delay the shutdown. */
async function shutDown(server: Deno.HttpServer): Promise<void> {
  const overdue = Promise.withResolvers<void>();
  const timer = setTimeout(overdue.resolve, 2000);
  await Promise.race([server.shutdown(), overdue.promise]);
  clearTimeout(timer);
}
