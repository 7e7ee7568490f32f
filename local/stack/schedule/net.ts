/** What a request is announced on. */
const CHANNEL = "net_http_request";

/** How long a reply is kept, as pg_net keeps it. */
const REPLIES_KEPT = "6 hours";

const MOST_REDIRECTS = 30;

/** pg_net's `http_post` and its tables. What it queues goes out when its transaction is committed. */
export const NET = `
create schema if not exists net;
create table if not exists net.http_request_queue (
  id bigint generated always as identity,
  method text not null,
  url text not null,
  headers jsonb not null,
  body bytea,
  timeout_milliseconds integer not null
);
create table if not exists net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out boolean,
  error_msg text,
  created timestamptz not null default now()
);

create or replace function net.http_post(
  url text,
  body jsonb default '{}',
  params jsonb default '{}',
  headers jsonb default '{"Content-Type": "application/json"}',
  timeout_milliseconds integer default 5000
) returns bigint language plpgsql as $$
declare
  query text := (
    select string_agg(p.key || '=' || p.value, '&') from jsonb_each_text(http_post.params) as p
  );
  request_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    'POST', concat_ws('?', http_post.url, query), http_post.headers,
    convert_to(http_post.body::text, 'UTF8'),
    http_post.timeout_milliseconds
  )
  returning id into request_id;
  perform pg_notify('${CHANNEL}', '');
  return request_id;
end
$$;
`;

/** The database in which requests are queued. */
export interface NetDatabase {
  query<T>(sql: string, parameters?: unknown[]): Promise<T[]>;
  /** Calls back after each commit of a transaction that notified the channel. */
  listen(channel: string, callback: () => void): Promise<unknown>;
}

interface Queued {
  id: number;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  timeout_milliseconds: number;
}

/** Performs what `net.http_post` has queued, as pg_net's worker in the server does. */
export class Net {
  readonly #closed = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  /** The last trouble with each address, so that it is told once. */
  readonly #told = new Map<string, string>();

  private constructor(
    private readonly database: NetDatabase,
    private readonly log: (line: string) => void,
  ) {}

  /** Requests from before are lost, as they are when a server with pg_net ends. */
  static async open(database: NetDatabase, log: (line: string) => void): Promise<Net> {
    await database.query("truncate net.http_request_queue");
    const net = new Net(database, log);
    await database.listen(CHANNEL, () => net.deliver());
    return net;
  }

  /** Sends what is queued. */
  deliver(): void {
    if (!this.#closed.signal.aborted) this.#track(this.#sendAll());
  }

  /** Breaks off what has not been answered. */
  async close(): Promise<void> {
    this.#closed.abort();
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #track(work: Promise<void>): void {
    const done = work
      .catch((error) => this.log(`schedule: ${error.message}`))
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  async #sendAll(): Promise<void> {
    const requests = await this.database.query<Queued>(
      `delete from net.http_request_queue
       returning id::int, method, url, headers, convert_from(body, 'UTF8') as body, timeout_milliseconds`,
    );
    for (const request of requests) this.#track(this.#send(request));
  }

  async #send({ id, method, url, headers, body, timeout_milliseconds }: Queued): Promise<void> {
    const timeout = AbortSignal.timeout(timeout_milliseconds);
    const signal = AbortSignal.any([timeout, this.#closed.signal]);
    try {
      const { first, last } = await follow(url, { method, headers, body, signal });
      const content = await last.text();
      this.#tell(url, last.ok ? undefined : `answered ${last.status} ${content}`);
      await this.#keep([
        id,
        last.status,
        first.headers.get("content-type"),
        JSON.stringify(Object.fromEntries(first.headers)),
        content,
        false,
        null,
      ]);
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      const reason = timeout.aborted
        ? `Timeout of ${timeout_milliseconds} ms reached`
        : (error as Error).message;
      this.#tell(url, reason);
      await this.#keep([id, null, null, null, null, timeout.aborted, reason]);
    }
  }

  async #keep(reply: unknown[]): Promise<void> {
    await this.database.query(
      `with old as (
         delete from net._http_response where created < now() - interval '${REPLIES_KEPT}'
       )
       insert into net._http_response
         (id, status_code, content_type, headers, content, timed_out, error_msg)
       values ($1, $2, $3, $4::jsonb, $5, $6, $7)`,
      reply,
    );
  }

  #tell(url: string, trouble: string | undefined): void {
    const name = new URL(url).pathname.split("/").at(-1)!;
    if (trouble === undefined) {
      this.#told.delete(name);
    } else if (trouble !== this.#told.get(name)) {
      this.log(`schedule: ${name} ${trouble}`);
      this.#told.set(name, trouble);
    }
  }
}

/** Follows redirects as pg_net does: it keeps the headers of the first answer and the rest of the last. */
async function follow(
  url: string,
  init: RequestInit,
): Promise<{ first: Response; last: Response }> {
  const first = await fetch(url, { ...init, redirect: "manual" });
  let last = first;
  let method = init.method;
  for (let redirects = 0; last.headers.has("location") && last.status >= 300; redirects++) {
    if (redirects === MOST_REDIRECTS) throw new Error("Number of redirects hit maximum amount");
    await last.body?.cancel();
    url = new URL(last.headers.get("location")!, url).href;
    if (last.status < 307) method = "GET";
    const body = method === "GET" ? undefined : init.body;
    last = await fetch(url, { ...init, method, body, redirect: "manual" });
  }
  return { first, last };
}
