/** Scripted faults: rules that decide how the next matching requests are answered. */
import type { RecordedRequest, RequestKind } from "./recording.ts";

/**
 * Names of ready-made answers. Those about a video apply to its submission or to a poll, and hold
 * for every later poll.
 */
export const PRESETS = [
  "quota", // 429 with RetryInfo, a limit per minute
  "quota-day", // 429 of a limit per day
  "internal", // 500 INTERNAL
  "unavailable", // 503 UNAVAILABLE
  "retired", // 404, the model is no longer available
  "closed", // 404, the model is no longer available to new users; its description is answered as ever
  "html", // 502 with a page of HTML
  "empty", // 200 with no body
  "truncated", // the ordinary answer, cut in half: the work was done
  "drop", // connection closed, nothing was done
  "drop-after", // connection closed, the work was accepted
  "safety", // image: finishReason IMAGE_SAFETY; video: filtered
  "prompt-blocked", // image: promptFeedback.blockReason
  "text-only", // image, Omni: words instead
  "no-image", // image: finishReason NO_IMAGE
  "rai-filtered", // video: filtered, final
  "rai-audio", // video: filtered because of its sound
  "operation-error", // video: done with an error (gRPC code 13)
  "done-empty", // video: done with nothing
  "pending", // poll: not done yet
  "in-bucket", // poll of Vertex AI: the video is in a bucket
  "redirect", // download: 302 to another origin
] as const;
export type Preset = typeof PRESETS[number];

export interface ScriptRule {
  /** Every given field has to match. A string path matches anywhere in path and query. */
  match?: {
    method?: string;
    path?: RegExp | string;
    model?: string;
    kind?: RequestKind;
    /** A string matches anywhere in the prompt of a generation request. */
    prompt?: RegExp | string;
  };
  /** How many requests it answers: 1 by default. */
  times?: number | "always";
  preset?: Preset;
  /** A custom answer; with a preset, its status and further headers. */
  status?: number;
  headers?: Record<string, string>;
  /** A string or bytes are sent as they are, anything else as JSON. */
  body?: unknown;
  /** Milliseconds before the answer; alone it only delays the ordinary answer. */
  delayMs?: number;
  /** The delay in the RetryInfo of a quota answer, as the API writes it. Default "34.4s". */
  retryDelay?: string;
}

export class Script {
  #rules: { rule: ScriptRule; left: number }[] = [];

  /** `otherwise` decides about requests that no rule matches. */
  constructor(private readonly otherwise?: (request: RecordedRequest) => ScriptRule | undefined) {}

  add(rule: ScriptRule): void {
    if (rule.preset !== undefined && !PRESETS.includes(rule.preset)) {
      throw new TypeError(`unknown preset "${rule.preset}": one of ${PRESETS.join(", ")}`);
    }
    const left = rule.times === "always" ? Infinity : rule.times ?? 1;
    if (!(left >= 1)) throw new TypeError(`times is a positive number or "always"`);
    this.#rules.push({ rule, left });
  }

  /** The first rule that matches, in the order in which they were added; uses it up by one. */
  take(request: RecordedRequest): ScriptRule | undefined {
    const entry = this.#rules.find(({ rule }) => fits(rule, request));
    if (entry === undefined) return this.otherwise?.(request);
    entry.left -= 1;
    if (entry.left <= 0) this.#rules.splice(this.#rules.indexOf(entry), 1);
    return entry.rule;
  }

  clear(): void {
    this.#rules = [];
  }
}

function fits({ match = {} }: ScriptRule, request: RecordedRequest): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== request.method) return false;
  if (match.model !== undefined && match.model !== request.model) return false;
  if (match.kind !== undefined && match.kind !== request.kind) return false;
  if (match.path !== undefined && !contains(match.path, request.path)) return false;
  if (match.prompt !== undefined && !contains(match.prompt, request.prompt ?? "")) return false;
  return true;
}

function contains(pattern: RegExp | string, text: string): boolean {
  return typeof pattern === "string" ? text.includes(pattern) : new RegExp(pattern).test(text);
}
