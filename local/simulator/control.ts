/** The simulator's own face for other processes: /_control/… */
import { jsonResponse } from "./google_errors.ts";
import type { ScriptRule } from "./script.ts";
import type { State } from "./state.ts";

/**
 * `POST /_control/script` (one rule or a list), `GET /_control/requests`, `POST /_control/reset`
 * (forgets rules and requests; operations and files stay). In JSON a regular expression for
 * `path` or `prompt` is written `{"regex": "…"}`.
 */
export function control({ script, requests }: State, method: string, path: string, body: string) {
  try {
    switch (`${method} ${path}`) {
      case "POST /_control/script": {
        const rules = JSON.parse(body);
        for (const rule of Array.isArray(rules) ? rules : [rules]) script.add(readRule(rule));
        return jsonResponse({});
      }
      case "GET /_control/requests":
        return jsonResponse(requests);
      case "POST /_control/reset":
        script.clear();
        requests.length = 0;
        return jsonResponse({});
      default:
        return jsonResponse({ error: `no such control: ${method} ${path}` }, 404);
    }
  } catch (error) {
    return jsonResponse({ error: error instanceof Error ? error.message : String(error) }, 400);
  }
}

function readRule(value: Record<string, unknown>): ScriptRule {
  const match = { ...(value.match as Record<string, unknown> | undefined) };
  for (const name of ["path", "prompt"]) {
    const pattern = match[name] as { regex?: unknown } | string | undefined;
    if (typeof pattern === "object") match[name] = new RegExp(String(pattern.regex));
  }
  return { ...value, match } as ScriptRule;
}
