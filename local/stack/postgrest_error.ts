/** A PostgreSQL error as drivers give it. */
export interface DatabaseError {
  code: string;
  message: string;
  detail?: string | null;
  hint?: string | null;
}

/**
 * The HTTP status that PostgREST has for a SQLSTATE, exact codes before classes
 * (https://docs.postgrest.org/en/stable/references/errors.html#http-status-codes). Everything else,
 * like a code of one's own, is a 400.
 */
const STATUS: [number, RegExp][] = [
  [400, /^P0001/],
  [500, /^(53400|42P17|09|25|2D|38|39|3B|40|54|55|57|58|F0|HV|P0|XX)/],
  [503, /^(08|53)/],
  [403, /^(0L|0P|28)/],
];

/**
 * The answer to a request that failed in the database, for the errors that lite does not know: it
 * has a 500 without their code for them.
 */
export function databaseErrorResponse(error: DatabaseError): Response {
  const { code, message, detail = null, hint = null } = error;
  const [status] = STATUS.find(([, codes]) => codes.test(code)) ?? [400];
  return Response.json({ code, details: detail, hint, message }, {
    status,
    headers: { "access-control-allow-origin": "*" },
  });
}

export function isDatabaseError(error: unknown): error is DatabaseError {
  const { code, message } = (error ?? {}) as Partial<DatabaseError>;
  // "PGRST" and "PT…" are for choosing the status oneself, which lite knows about.
  return typeof message === "string" && typeof code === "string" &&
    /^(?!PGRST|PT)[0-9A-Z]{5}$/.test(code);
}

/** There is no connection to the database, or it broke: the outcome of the request is unknown. */
export function isConnectionError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^E[A-Z]{2,}$/.test(code) ||
    // pg has no codes for these; the others are those of a server that goes or comes.
    code === undefined && /connection|not queryable/i.test(error.message) ||
    ["57P01", "57P02", "57P03"].includes(code as string);
}

/** https://docs.postgrest.org/en/stable/references/errors.html#group-0-connection */
export function noConnectionResponse({ message }: Error): Response {
  return Response.json({
    code: "PGRST001",
    details: message,
    hint: null,
    message: "Database client error. Retrying the connection.",
  }, { status: 503, headers: { "access-control-allow-origin": "*" } });
}
