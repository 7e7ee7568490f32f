/**
 * Who may ask for what. The console listens on this machine alone, but a browser on this machine runs the
 * pages of other sites, too, and would send their requests here.
 *
 * @module
 */

/** Names that mean this machine whatever a name server says. */
const THIS_MACHINE = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Refuses a request under another name: a site whose name was pointed at this machine after its page was
 * loaded (DNS rebinding) could read every reply.
 */
export function refuseForeignHost(request: Request): Response | undefined {
  const { hostname, port } = new URL(request.url);
  if (THIS_MACHINE.includes(hostname)) return undefined;
  const message =
    `The console answers at http://127.0.0.1:${port}/, not under the name ${hostname}.`;
  return Response.json({ message }, { status: 421 });
}

/**
 * Refuses a request that does not come from the page itself, but from another site or an address that was
 * typed. Every browser says where a request comes from, and no script can change that. A program can.
 */
export function refuseForeignPage(request: Request): Response | undefined {
  const origin = request.headers.get("origin");
  const isOwn = request.headers.get("sec-fetch-site") === "same-origin" &&
    (origin === null || origin === new URL(request.url).origin);
  if (isOwn) return undefined;
  return Response.json({ message: "Only the console's own page may ask for this." }, {
    status: 403,
  });
}
