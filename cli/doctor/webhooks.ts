/** Whether webhooks arrive. */
import { objects, quoted, type Row } from "../api.ts";
import type { Context } from "./context.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";

const REDELIVER = `select redeliver_generation_webhook(id) from generation_webhooks
where status = 'failed' and ended_at > now() - interval '1 day';  -- once the receiver is repaired`;

export async function checkWebhooks({ api }: Context): Promise<Observation[]> {
  const [status = {}] = await api.callRows("generation_webhook_status");
  if (status.in_use !== true) return [ok("Webhooks are not used.")];

  const findings: Observation[] = [];
  const [settings] = await api.rows("generation_webhook_settings", {
    select: "hosts,local_receivers",
  });
  const hosts = Array.isArray(settings?.hosts) ? settings.hosts : [];
  if (hosts.length === 0 && settings?.local_receivers !== true) {
    findings.push(warning(
      "Jobs ask for webhooks, and no host may receive one.",
      "update generation_webhook_settings set hosts = array['hooks.example.com'];",
    ));
  }
  const missing = objects(status.missing);
  if (missing.length > 0) {
    findings.push(failed(
      `No webhook is sent: ${missing.map((gap) => quoted(gap.missing)).join(", ")} is missing.`,
      missing.map((gap) => quoted(gap.remedy)).join("\n"),
    ));
  }
  const count = Number(status.retrying) + Number(status.failed);
  if (count > 0) {
    const { url, response_status, error } = (status.last_failure ?? {}) as Row;
    const host = URL.canParse(String(url)) ? new URL(String(url)).host : "the receiver";
    findings.push(warning(
      `${count} webhooks do not arrive; the last at ${quoted(host)}: ` +
        (quoted(error) || response_status || "no answer"),
      REDELIVER,
    ));
  }
  return findings.length > 0 ? findings : [ok("Webhooks arrive.")];
}
