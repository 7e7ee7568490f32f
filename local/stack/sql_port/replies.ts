import { join, type Message, MessageReader } from "./messages.ts";

/** The state of the session after a command: idle, in a transaction, or in a failed one. */
export type TransactionStatus = "I" | "T" | "E";

/** Commands that PostgreSQL ends with ReadyForQuery: a simple query, and Sync. */
const ENDS_WITH_READY = ["Q", "S"];

/** Reads what PGlite answers to a client's messages, one after the other. */
export class Replies {
  status: TransactionStatus = "I";

  /** `notified` is told the channel of a notification, and says whether that was all it was for. */
  constructor(private readonly notified: (channel: string) => boolean) {}

  /**
   * Gives what the client should get to see.
   *
   * When a step of the extended protocol fails, PGlite says ReadyForQuery at once and again at the
   * Sync that follows. PostgreSQL says it once, at the Sync, and drivers count on that.
   */
  read(question: Message, answer: Uint8Array): Uint8Array {
    const reader = new MessageReader();
    reader.push(answer);
    const passed: Uint8Array[] = [];
    for (let reply = reader.next(); reply; reply = reader.next()) {
      if (reply.type === "Z") {
        this.status = String.fromCharCode(reply.bytes[5]) as TransactionStatus;
        if (!ENDS_WITH_READY.includes(question.type)) continue;
      }
      if (reply.type === "A" && this.notified(channelOf(reply))) continue;
      passed.push(reply.bytes);
    }
    return join(...passed);
  }

  /** Whether nothing of the client's is under way after this message. */
  isDone(question: Message): boolean {
    return ENDS_WITH_READY.includes(question.type) && this.status === "I";
  }
}

/** A notification: type, length, process id, and the channel with a zero at its end. */
function channelOf({ bytes }: Message): string {
  return new TextDecoder().decode(bytes.subarray(9, bytes.indexOf(0, 9)));
}
