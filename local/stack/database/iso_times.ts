/**
 * Times as PostgREST has them in JSON (ISO 8601), where lite leaves PostgreSQL's own spelling: parsers
 * by the type's oid, for `timestamp` and `timestamptz`.
 */
export const ISO_TIMES = {
  1114: (timestamp: string) => timestamp.replace(" ", "T"),
  1184: (timestamptz: string) => timestamptz.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"),
};
