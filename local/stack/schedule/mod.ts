import type { Database } from "../database.ts";
import { CRON, Cron } from "./cron.ts";
import { NET, Net } from "./net.ts";
import { VAULT } from "./vault.ts";

/** The extensions that the schedule needs; before the migrations, as on a hosted project. */
export async function createExtensions(database: Database): Promise<void> {
  await database.execute(VAULT + NET + CRON);
}

export interface ScheduleOptions {
  database: Database;
  /** Where the functions are called, and with which key. */
  url: string;
  secretKey: string;
  /** Seconds between two calls of the schedule. Default: the setting. */
  seconds?: number;
  log: (line: string) => void;
}

/**
 * Has the functions called by the same SQL that does it on a hosted project; pg_cron, pg_net and
 * Vault are stand-ins of the same signatures.
 */
export class Schedule {
  private constructor(private readonly net: Net, private readonly cron: Cron) {}

  static async open({ database, url, secretKey, seconds, log }: ScheduleOptions) {
    if (seconds !== undefined) {
      await database.query(
        "update public.generation_worker_settings set call_interval_seconds = $1",
        [seconds],
      );
    }
    const net = await Net.open(database, log);
    await database.query("select public.install_generation_schedule($1, $2)", [url, secretKey]);
    return new Schedule(net, new Cron(database, log));
  }

  async close(): Promise<void> {
    await this.cron.close();
    await this.net.close();
  }
}
