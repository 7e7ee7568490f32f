import type { RecordedRequest, RequestKind, ScriptRule } from "../../local/simulator/mod.ts";
import type { Preset } from "../../local/simulator/script.ts";
import type { Dice } from "./dice.ts";

type Fault = Preset | "garbage" | "slow" | "forgotten";

/** How likely a request meets a fault, and the weight of each fault. */
const FAULTS: Partial<
  Record<RequestKind, { chance: number; which: Partial<Record<Fault, number>> }>
> = {
  image: {
    chance: 0.3,
    which: {
      quota: 4,
      "quota-day": 1,
      internal: 3,
      unavailable: 4,
      html: 1,
      empty: 1,
      garbage: 1,
      truncated: 2,
      drop: 2,
      "drop-after": 2,
      "no-image": 1,
      "text-only": 1,
      retired: 1,
      slow: 6,
    },
  },
  // A fault that leaves a submission uncertain ends the job, so there are fewer of them.
  video: {
    chance: 0.4,
    which: {
      quota: 8,
      retired: 4,
      "operation-error": 6,
      "done-empty": 4,
      "rai-audio": 1,
      slow: 6,
      internal: 1,
      unavailable: 1,
      html: 0.5,
      empty: 0.5,
      garbage: 0.5,
      truncated: 1,
      drop: 1,
      "drop-after": 1,
    },
  },
  poll: {
    chance: 0.3,
    which: {
      quota: 2,
      internal: 2,
      unavailable: 3,
      html: 1,
      empty: 1,
      garbage: 1,
      truncated: 1,
      drop: 2,
      pending: 4,
      slow: 2,
      forgotten: 0.5,
    },
  },
  download: {
    chance: 0.25,
    which: { internal: 2, unavailable: 2, quota: 1, drop: 2, redirect: 3, slow: 2 },
  },
};

/** After these only the provider knows whether a video is being made. */
const UNCERTAIN: Fault[] = [
  "internal",
  "unavailable",
  "html",
  "empty",
  "garbage",
  "truncated",
  "drop",
  "drop-after",
];
/** With these an operation begins and ends without a video. */
const WITHOUT_VIDEO: Fault[] = ["operation-error", "done-empty", "rai-filtered", "rai-audio"];

const FORGOTTEN: ScriptRule = {
  status: 404,
  body: { error: { code: 404, message: "Operation not found.", status: "NOT_FOUND" } },
};

/** Makes the provider fail by chance, and records it. */
export class ProviderFaults {
  readonly counts: Record<string, number> = {};
  calm = false;
  /** The operations that the provider has forgotten. */
  readonly forgotten = new Set<string>();
  readonly #given = new WeakMap<RecordedRequest, Fault>();

  constructor(private readonly dice: Dice) {}

  /** For the simulator. */
  decide(request: RecordedRequest): ScriptRule | undefined {
    if (/forbidden/.test(request.prompt ?? "")) {
      // The filter is no fault: its answer is always the same.
      return this.#give(request, request.kind === "image" ? "prompt-blocked" : "rai-filtered");
    }
    const operation = /models\/[^/]+\/operations\/[^/?]+/.exec(request.path)?.[0];
    if (operation && this.forgotten.has(operation)) return FORGOTTEN;
    const faults = FAULTS[request.kind];
    if (this.calm || faults === undefined || !this.dice.chance(faults.chance)) return undefined;
    const fault = this.dice.weighted(faults.which);
    // One model of each kind is never retired.
    if (fault === "retired" && !/^(gemini-2\.5|veo-)/.test(request.model ?? "")) return undefined;
    if (fault === "forgotten") {
      // Omni has another way to say so.
      if (operation === undefined) return undefined;
      this.forgotten.add(operation);
    }
    this.counts[`${request.kind} ${fault}`] = (this.counts[`${request.kind} ${fault}`] ?? 0) + 1;
    return this.#give(request, fault);
  }

  /** Whether the answer to a submission left its outcome open. */
  leftUncertain(request: RecordedRequest): boolean {
    return UNCERTAIN.includes(this.#given.get(request)!);
  }

  /** Whether the operation that a submission began ends without a video. */
  endsWithoutVideo(request: RecordedRequest): boolean {
    return WITHOUT_VIDEO.includes(this.#given.get(request)!);
  }

  /** The faults that the requests met. */
  given(requests: RecordedRequest[]): string[] {
    return requests.flatMap((request) => this.#given.get(request) ?? []);
  }

  #give(request: RecordedRequest, fault: Fault): ScriptRule {
    this.#given.set(request, fault);
    switch (fault) {
      case "forgotten":
        return FORGOTTEN;
      case "garbage":
        return { status: 200, body: "\u0000{{{ no JSON" };
      case "slow":
        return { delayMs: this.dice.between(200, 2500) };
      case "quota":
        return { preset: "quota", retryDelay: "1s" };
      default:
        return { preset: fault };
    }
  }
}
