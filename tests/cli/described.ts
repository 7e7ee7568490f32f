/** What PostgREST shows of the database that the migrations make. */

export interface Described {
  kind: "function" | "relation";
  name: string;
  arguments: string[];
}

/** Everything of ours that PostgREST shows. */
export const DESCRIBED = `
  select 'function' as kind, p.proname::text as name,
    coalesce(p.proargnames[1:p.pronargs], '{}') as arguments
  from pg_proc as p
  where p.pronamespace = 'public'::regnamespace
    and (p.proname like '%generation%' or p.proname = 'link_generated_asset')
  union all
  select 'relation', c.relname::text, '{}'
  from pg_class as c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
    and (c.relname like '%generation%' or c.relname like 'kv_store%')
  order by kind, name`;

interface Parameter {
  $ref?: string;
  in?: string;
  name?: string;
  schema?: { type: string; properties: Record<string, unknown> };
}

type Paths = Record<
  string,
  { get?: unknown; post?: { parameters: Parameter[] } }
>;

/** The paths of the document that PostgREST 12 to 14 make of it (makeProcPathItem in its OpenAPI.hs). */
export function openApi(described: Described[]): Paths {
  return Object.fromEntries(described.map(({ kind, name, arguments: names }) => {
    if (kind === "relation") return [`/${name}`, { get: {} }];
    const properties = Object.fromEntries(names.map((argument) => [argument, { type: "string" }]));
    const body = {
      in: "body",
      name: "args",
      required: true,
      schema: { type: "object", properties },
    };
    const parameters = [body, { $ref: "#/parameters/preferParams" }];
    return [`/rpc/${name}`, { post: { tags: [`(rpc) ${name}`], parameters } }];
  }));
}
