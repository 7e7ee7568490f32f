/** The variables by which this machine reaches the internet. */
const NAMES = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "DENO_CERT"].flatMap((name) =>
  name === "DENO_CERT" ? [name] : [name, name.toLowerCase()]
);

/** Addresses on this machine are never behind a proxy. */
const LOOPBACK = ["127.0.0.1", "localhost"];

/** The addresses that bypass the proxy: the configured ones, and this machine's own. */
export function noProxy(variable: (name: string) => string | undefined): string {
  const named = (variable("NO_PROXY") ?? variable("no_proxy") ?? "").split(",")
    .map((host) => host.trim()).filter((host) => host !== "");
  return [...new Set([...named, ...LOOPBACK])].join(",");
}

/** The proxy and certificates of this machine, for a function that has to reach Google. */
export function networkSettings(
  variable: (name: string) => string | undefined,
): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const name of NAMES) {
    const value = variable(name);
    if (value) settings[name] = value;
  }
  const proxied = Object.keys(settings).some((name) => /_proxy$/i.test(name));
  return proxied ? { ...settings, NO_PROXY: noProxy(variable) } : settings;
}
