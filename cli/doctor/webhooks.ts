/** Whether webhooks arrive. Nothing to see where nobody has asked for one. */
import { objects, quoted } from "./api.ts";
import { failed, type Observation, ok, warning } from "./finding.ts";
import type { Visit } from "./visit.ts";

const DAY = 86_400;

export async function checkWebhooks({ api }: Visit): Promise<Observation[]> {
  const [settings] = await api.rows("generation_webhook_settings", {
    select: "hosts,local_receivers",
  });
  const asked = await api.rows("generation_webhooks", { select: "id", limit: "1" });
  const hosts = Array.isArray(settings?.hosts) ? settings.hosts : [];
  const isOpen = hosts.length > 0 || settings?.local_receivers === true;
  if (!isOpen && asked.length === 0) return [ok("Webhooks are not used.")];

  const findings: Observation[] = [];
  if (!isOpen) {
    findings.push(warning(
      "Jobs ask for webhooks, and no host is allowed to get one.",
      "update generation_webhook_settings set hosts = array['hooks.example.com'];",
    ));
  }
  // What the schedule does every 10 seconds, too: it delivers what is due, and says what it lacks.
  const [delivery] = await api.call("deliver_generation_webhooks");
  const missing = objects(delivery?.missing);
  if (missing.length > 0) {
    findings.push(failed(
      `No webhook is sent: ${missing.map((gap) => quoted(gap.missing)).join(", ")} is missing.`,
      missing.map((gap) => quoted(gap.remedy)).join("\n"),
    ));
  }
  const trouble = await api.rows("generation_webhooks", {
    select: "url,attempts,response_status,error",
    or: `(and(status.eq.failed,updated_at.gt.${api.secondsAgo(DAY)}),` +
      "and(status.eq.waiting,attempts.gte.3))",
    order: "updated_at.desc",
    limit: "100",
  });
  if (trouble.length > 0) {
    const [{ url, response_status, error }] = trouble;
    const host = URL.canParse(String(url)) ? new URL(String(url)).host : "the receiver";
    findings.push(warning(
      `${trouble.length === 100 ? "100 or more" : trouble.length} webhooks do not arrive; the ` +
        `last at ${quoted(host)}: ${quoted(error) || response_status || "no answer"}`,
      "select redeliver_generation_webhook(id) from generation_webhooks\n" +
        "where status = 'failed' and ended_at > now() - interval '1 day';  -- once the receiver is mended",
    ));
  }
  return findings.length > 0 ? findings : [ok("Webhooks arrive.")];
}
