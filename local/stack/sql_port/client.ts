import type { PGlite } from "@electric-sql/pglite";
import { mayChangeSchema } from "../database/schema_change.ts";
import type { Guest, SharedSession } from "../database/session.ts";
import type { Release } from "../database/turnstile.ts";
import { refuseCopyIn } from "./copy_in.ts";
import { greeting, speaksVersion3 } from "./greeting.ts";
import {
  CANCEL_REQUEST,
  fatal,
  GSS_ENCRYPTION_REQUEST,
  join,
  type Message,
  MessageReader,
  SSL_REQUEST,
} from "./messages.ts";
import { Replies } from "./replies.ts";
import { StatementNames } from "./statements.ts";

export interface ClientContext {
  driver: PGlite;
  session: SharedSession;
  serverVersion: string;
  /** How long a client may sit in an open transaction while others wait. Milliseconds. */
  idleInTransactionMs: number;
  /** A statement that may have changed tables or functions was run. */
  schemaChanged: () => void;
  /** A notification has come; answers whether it is none of the client's business. */
  notified: (channel: string) => boolean;
}

/** Statements after which a client's session settings have to be looked at. */
const CHANGES_SETTINGS = /\b(set|reset|set_config|discard)\b/i;

/**
 * One connection to the SQL port.
 *
 * It holds the shared session from the first message of a command until the session is idle again,
 * so for a whole transaction.
 */
export class SqlClient implements Guest {
  touchedSettings = false;
  settings: Guest["settings"] = [];
  readonly #reader = new MessageReader();
  readonly #replies: Replies;
  readonly #statements: StatementNames;
  #release: Release | null = null;
  #impatience: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly id: number,
    private readonly connection: Deno.Conn,
    private readonly context: ClientContext,
  ) {
    this.#statements = new StatementNames(id);
    this.#replies = new Replies(context.notified);
  }

  /** Serves the client until it goes. */
  async serve(): Promise<void> {
    try {
      if (!await this.#welcome()) return;
      for (;;) {
        const message = this.#reader.next();
        if (!message) {
          if (!await this.#receive()) return;
        } else if (message.type === "X") {
          return;
        } else {
          await this.#pass(message);
        }
      }
    } catch (error) {
      if (!isDisconnect(error)) throw error;
    } finally {
      await this.#leave();
    }
  }

  close(): void {
    try {
      this.connection.close();
    } catch {
      // It was closed by the other side.
    }
  }

  async #welcome(): Promise<boolean> {
    for (;;) {
      const packet = this.#reader.startup();
      if (!packet) {
        if (!await this.#receive()) return false;
      } else if (packet.code === SSL_REQUEST || packet.code === GSS_ENCRYPTION_REQUEST) {
        await this.#send(new TextEncoder().encode("N"));
      } else if (packet.code === CANCEL_REQUEST || !speaksVersion3(packet)) {
        // A query runs to its end before this process can read anything else, so there is never
        // one to cancel.
        return false;
      } else {
        await this.#send(greeting(packet, this.id, this.context.serverVersion));
        return true;
      }
    }
  }

  async #pass(sent: Message): Promise<void> {
    const { driver, session, schemaChanged } = this.context;
    clearTimeout(this.#impatience);
    this.#release ??= await session.enter(this);
    if (sent.type === "Q" || sent.type === "P") {
      const text = new TextDecoder().decode(sent.bytes.subarray(5));
      if (CHANGES_SETTINGS.test(text)) this.touchedSettings = true;
      if (mayChangeSchema(text)) schemaChanged();
    }
    const question = refuseCopyIn(sent);
    const chunks: Uint8Array[] = [];
    await driver.runExclusive(() =>
      driver.execProtocolRawStream(this.#statements.rename(question), {
        onRawData: (chunk) => chunks.push(chunk.slice()),
      })
    );
    await this.#send(this.#replies.read(question, join(...chunks)));
    if (this.#replies.isDone(question)) this.#yield();
    else this.#becomeImpatient();
  }

  #yield(): void {
    this.#release?.();
    this.#release = null;
  }

  /** Nothing lasts for ever: a client that sits in a transaction stops when others need it to. */
  #becomeImpatient(): void {
    this.#impatience = setTimeout(async () => {
      if (this.context.session.waiting === 0) return this.#becomeImpatient();
      const goodbye = fatal(
        "25P03",
        "terminating connection due to idle-in-transaction timeout",
        "The local stack has one database session. Others were waiting for this transaction.",
      );
      await this.#send(goodbye).catch(() => {});
      this.close();
    }, this.context.idleInTransactionMs);
  }

  async #leave(): Promise<void> {
    clearTimeout(this.#impatience);
    this.close();
    const { driver, session } = this.context;
    const release = this.#release ?? await session.enter(null);
    this.#release = null;
    try {
      // Also ends what was begun and never finished: a half-sent command, a `copy`.
      if (this.#replies.status !== "I") await driver.exec("rollback");
      for (const name of this.#statements.prepared) {
        await driver.exec(`deallocate "${name.replaceAll('"', '""')}"`).catch(() => {});
      }
    } finally {
      release();
    }
  }

  async #receive(): Promise<boolean> {
    const buffer = new Uint8Array(64 * 1024);
    const count = await this.connection.read(buffer);
    if (count === null) return false;
    this.#reader.push(buffer.subarray(0, count));
    return true;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.connection.write(bytes.subarray(sent));
    }
  }
}

function isDisconnect(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionAborted;
}
