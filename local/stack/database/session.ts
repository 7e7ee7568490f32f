import type { PGlite } from "@electric-sql/pglite";
import { type Release, Turnstile } from "./turnstile.ts";

/** Settings of one SQL client (`set search_path …`, `set role …`), while another one is inside. */
export interface Guest {
  /** The client sent something that may change session settings. */
  touchedSettings: boolean;
  /** What has to be set again when it comes back. */
  settings: Array<{ name: string; value: string }>;
}

const CAPTURE = `
  select name, setting as value from pg_settings where source = 'session' and name <> 'role'
  union all
  select 'role', current_setting('role') where current_setting('role') <> 'none'`;

/**
 * Shares PGlite's only session among the API and any number of SQL clients.
 *
 * A SQL client that says `set role anon` must find itself to be `anon` in its next statement, and
 * the API must not: the session is put back to its defaults whenever it changes hands, and a
 * client's own settings are restored when its turn comes again.
 */
export class SharedSession {
  readonly #turnstile = new Turnstile();
  #last: Guest | null = null;

  constructor(private readonly driver: PGlite) {}

  /** How many are waiting for the session. */
  get waiting(): number {
    return this.#turnstile.waiting;
  }

  /** Waits until the session is free; `null` enters with the default settings, as the API does. */
  async enter(guest: Guest | null): Promise<Release> {
    const leave = await this.#turnstile.enter();
    const exitCode = Deno.exitCode;
    const release = () => {
      // PGlite leaves a statement that fails through `exit(100)`, which is not about this process.
      Deno.exitCode = exitCode;
      leave();
    };
    try {
      if (guest !== this.#last) await this.#handOver(guest);
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Runs `work` while nobody else is in the session. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.enter(null);
    try {
      return await work();
    } finally {
      release();
    }
  }

  async #handOver(guest: Guest | null): Promise<void> {
    const left = this.#last;
    this.#last = guest;
    if (left?.touchedSettings) {
      const captured = await this.driver.query<{ name: string; value: string }>(CAPTURE);
      left.settings = captured.rows;
      await this.driver.exec("reset role; reset session authorization; reset all");
    }
    for (const { name, value } of guest?.settings ?? []) {
      await this.driver.query("select set_config($1, $2, false)", [name, value]);
      guest!.touchedSettings = true;
    }
  }
}
