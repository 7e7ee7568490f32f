/** Whether both clocks agree: tokens and the signatures of webhooks name times. */
import type { Io } from "../io.ts";
import { span } from "../text.ts";
import { failed, type Observation, ok, skipped, warning } from "./finding.ts";

/** Compares this machine's clock with the project's, by the `Date` of every answer. */
export class Clock {
  /** How far this machine's clock is ahead, in milliseconds; undefined before the first answer. */
  ahead: number | undefined;

  constructor(private readonly io: Pick<Io, "fetch" | "now">) {}

  readonly fetch = async (request: Request): Promise<Response> => {
    const { fetch, now } = this.io;
    const sent = now();
    const response = await fetch(request);
    this.#compare(Date.parse(response.headers.get("date") ?? ""), sent, now());
    return response;
  };

  /** By the clock of the project, in milliseconds since 1970. */
  now(): number {
    return this.io.now() - (this.ahead ?? 0);
  }

  /** A time in the past, by the clock of the project. */
  secondsAgo(seconds: number): string {
    return new Date(this.now() - seconds * 1000).toISOString();
  }

  /** `Date` names a whole second, of some time between sending and receiving. */
  #compare(there: number, sent: number, received: number) {
    if (Number.isNaN(there)) return;
    const early = received < there ? received - there : 0;
    const ahead = sent > there + 1000 ? sent - there - 1000 : early;
    if (this.ahead === undefined || Math.abs(ahead) < Math.abs(this.ahead)) this.ahead = ahead;
  }
}

/** In seconds. Receivers of webhooks refuse what is older than five minutes. */
const NOTED = 30;
const TOO_MUCH = 300;

const REMEDY = "sudo timedatectl set-ntp true  # macOS: sudo sntp -sS time.apple.com; " +
  "Windows: w32tm /resync";

export function checkClock({ clock: { ahead } }: { clock: Clock }): Promise<Observation[]> {
  return Promise.resolve([judge(ahead)]);
}

function judge(ahead: number | undefined): Observation {
  if (ahead === undefined) return skipped("The answers have no Date header.");
  const seconds = Math.abs(ahead) / 1000;
  const message = `This machine's clock is ${span(seconds)} ${ahead > 0 ? "ahead" : "behind"} ` +
    "of the project's.";
  if (seconds > TOO_MUCH) {
    return failed(`${message} Signatures and tokens that name a time are refused.`, REMEDY);
  }
  if (seconds > NOTED) return warning(message, REMEDY);
  return ok("This machine's clock agrees with the project's.");
}
