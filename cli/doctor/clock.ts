/** Whether both clocks go alike: tokens and the signatures of webhooks name times. */
import { span } from "../text.ts";
import { failed, type Observation, ok, skipped, warning } from "./finding.ts";
import type { Visit } from "./visit.ts";

/** In seconds. Receivers of webhooks refuse what is older than five minutes. */
const NOTED = 30;
const TOO_MUCH = 300;

const REMEDY = "sudo timedatectl set-ntp true  # macOS: sudo sntp -sS time.apple.com; " +
  "Windows: w32tm /resync";

export function checkClock({ api }: Visit): Promise<Observation[]> {
  const ahead = api.ahead;
  if (ahead === undefined) return Promise.resolve([skipped("The answers name no time.")]);
  const seconds = Math.abs(ahead) / 1000;
  const message = `This machine's clock is ${span(seconds)} ${ahead > 0 ? "ahead" : "behind"} ` +
    "of the project's.";
  if (seconds > TOO_MUCH) {
    return Promise.resolve([
      failed(`${message} Signatures and tokens that name a time are refused.`, REMEDY),
    ]);
  }
  if (seconds > NOTED) return Promise.resolve([warning(message, REMEDY)]);
  return Promise.resolve([ok("This machine's clock agrees with the project's.")]);
}
