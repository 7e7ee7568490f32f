/** Ready-made answers: what a scripted rule means for each kind of request. */
import {
  ApiError,
  internalError,
  jsonResponse,
  modelClosed,
  modelRetired,
  quotaExceeded,
  unavailable,
} from "./google_errors.ts";
import type { RecordedRequest } from "./recording.ts";
import type { ScriptRule } from "./script.ts";

/** How a video ends. */
export type Outcome = "video" | "filtered" | "audio-filtered" | "error" | "nothing" | "text";

/** Answers that do not depend on what was asked: nothing is generated, nothing is billed. */
export function plainAnswer(rule: ScriptRule, request: RecordedRequest): Response | undefined {
  const answer = presetAnswer(rule, request) ?? ownAnswer(rule);
  if (answer === undefined) return undefined;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(rule.headers ?? {})) headers.set(name, value);
  return new Response(answer.body, { status: rule.status ?? answer.status, headers });
}

function presetAnswer(rule: ScriptRule, request: RecordedRequest): Response | undefined {
  const model = request.model ?? "gemini-2.5-flash-image";
  switch (rule.preset) {
    case "quota":
      return quotaExceeded(model, "minute", rule.retryDelay ?? "34.4s").toResponse();
    case "quota-day":
      return quotaExceeded(model, "day", rule.retryDelay ?? "34.4s").toResponse();
    case "internal":
      return internalError().toResponse();
    case "unavailable":
      return unavailable().toResponse();
    case "retired":
      return modelRetired(model).toResponse();
    case "closed":
      return modelClosed(model).toResponse();
    case "html":
      // The answer of the load balancer in front of the API when it has no back end.
      return new Response(
        "<!DOCTYPE html>\n<html lang=en><title>Error 502 (Server Error)!!1</title>\n" +
          "<p><b>502.</b> <ins>That's an error.</ins>\n<p>The server encountered a temporary " +
          "error and could not complete your request.\n",
        { status: 502, headers: { "content-type": "text/html; charset=UTF-8" } },
      );
    case "empty":
      return new Response(null, { status: 200 });
    default:
      return undefined;
  }
}

function ownAnswer(rule: ScriptRule): Response | undefined {
  if (rule.preset !== undefined) return undefined;
  if (rule.status === undefined && rule.body === undefined && rule.headers === undefined) {
    return undefined;
  }
  if (typeof rule.body === "string" || rule.body instanceof Uint8Array) {
    return new Response(rule.body as BodyInit);
  }
  if (rule.body === undefined) return new Response(null);
  return jsonResponse(rule.body);
}

/** How a video ends for which a rule was scripted. */
export function videoOutcome(rule: ScriptRule | undefined): Outcome {
  switch (rule?.preset) {
    case "rai-filtered":
    case "safety":
      return "filtered";
    case "rai-audio":
      return "audio-filtered";
    case "operation-error":
      return "error";
    case "done-empty":
      return "nothing";
    case "text-only":
      return "text";
    default:
      return "video";
  }
}

/** Whether something is still being made. A rule that says how it ends says that it has ended, too. */
export function isPending(
  rule: ScriptRule | undefined,
  making: { outcome: Outcome; readyAt: number },
): boolean {
  if (rule?.preset === "pending") return true;
  const scripted = videoOutcome(rule);
  if (scripted !== "video") {
    making.outcome = scripted;
    making.readyAt = 0;
  }
  return Date.now() < making.readyAt;
}

/** The answer to a rule that does not fit its request; no test can mistake it for the API's. */
export function presetMismatch(rule: ScriptRule, what: string): ApiError {
  return new ApiError(
    501,
    "UNIMPLEMENTED",
    `simulator: preset "${rule.preset}" is not for ${what}`,
  );
}
