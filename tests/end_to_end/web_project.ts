/**
 * What a web app sees of a project: the stack, and in front of it stand-ins for what the stack lacks:
 * Auth with a few users, Realtime for the changes of the ledger, and a function of the app's own.
 */
import { createHmac } from "node:crypto";
import type { Stack } from "../../local/stack/mod.ts";

export interface User {
  id: string;
  email: string;
  password: string;
}

/** A user's wish to hear of changes, over one connection. */
interface Subscription {
  topic: string;
  /** `id=eq.…` */
  filter: string;
  token: string;
}

/** What a client asks for when it joins a channel. */
interface Join {
  config: {
    postgres_changes: { filter: string }[];
    postgres_changes_options?: { wait?: boolean };
  };
  access_token: string;
}

/** A message of the protocol, 2.0.0: join reference, reference, topic, event, payload. */
type Frame = [string | null, string | null, string, string, unknown];

/** Where the changes of the ledger are written down for Realtime, which reads the log itself. */
const CAPTURE = [
  "create table generation_private.test_changes (job_id uuid not null)",
  `create function generation_private.test_capture() returns trigger language plpgsql
   security definer as $$
   begin insert into generation_private.test_changes values (new.id); return null; end $$`,
  `create trigger test_capture after update on public.generation_jobs
   for each row execute function generation_private.test_capture()`,
];

export class WebProject implements AsyncDisposable {
  /** The app's own function `generate`. */
  generate: (request: Request) => Promise<Response> = () =>
    Promise.resolve(new Response(null, { status: 404 }));

  /** What happens between the join of a channel and the first change that it is told of. */
  beforeStreaming: () => Promise<void> = () => Promise.resolve();

  readonly #sockets = new Map<WebSocket, Subscription[]>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #realtime = Promise.resolve();
  #open = true;

  private constructor(private readonly stack: Stack, private readonly users: User[]) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  static async start(stack: Stack, users: User[]): Promise<WebProject> {
    for (const statement of CAPTURE) await stack.sql(statement);
    const project = new WebProject(stack, users);
    project.#realtime = project.#tellChanges();
    return project;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    switch (pathname) {
      case "/auth/v1/token":
        return this.#signIn(await request.json());
      case "/auth/v1/user":
        return this.#whoIs(request.headers.get("authorization") ?? "");
      case "/functions/v1/generate":
        return await this.generate(request);
      case "/realtime/v1/websocket":
        return this.#connect(request);
    }
    const { method, headers } = request;
    const body = request.body && await request.arrayBuffer();
    return await fetch(this.stack.url + pathname + search, { method, headers, body });
  }

  #signIn({ email, password }: { email: string; password: string }): Response {
    const user = this.users.find((user) => user.email === email && user.password === password);
    if (!user) return Response.json({ code: "invalid_credentials" }, { status: 400 });
    return Response.json({
      access_token: this.#tokenOf(user),
      token_type: "bearer",
      expires_in: 3600,
      refresh_token: "none",
      user: publicUser(user),
    });
  }

  #tokenOf(user: User): string {
    const claims = {
      sub: user.id,
      role: "authenticated",
      aud: "authenticated",
      exp: Math.floor(Date.now() / 1000) + 3600,
    };
    const [header, payload] = [{ alg: "HS256", typ: "JWT" }, claims]
      .map((part) => btoa(JSON.stringify(part)).replaceAll("=", ""));
    const signature = createHmac("sha256", this.stack.jwtSecret)
      .update(`${header}.${payload}`).digest("base64url");
    return `${header}.${payload}.${signature}`;
  }

  #whoIs(authorization: string): Response {
    const [header, payload, signature] = authorization.replace(/^Bearer /, "").split(".");
    const expected = createHmac("sha256", this.stack.jwtSecret)
      .update(`${header}.${payload}`).digest("base64url");
    const user = signature === expected &&
      this.users.find(({ id }) => id === JSON.parse(atob(payload)).sub);
    if (!user) return Response.json({ code: "bad_jwt" }, { status: 403 });
    return Response.json(publicUser(user));
  }

  #connect(request: Request): Response {
    const { socket, response } = Deno.upgradeWebSocket(request);
    this.#sockets.set(socket, []);
    socket.onclose = () => this.#sockets.delete(socket);
    socket.onmessage = ({ data }) => void this.#receive(socket, JSON.parse(data));
    return response;
  }

  async #receive(socket: WebSocket, frame: Frame): Promise<void> {
    const [join, reference, topic, event, payload] = frame;
    const reply = (response: Record<string, unknown>) =>
      send(socket, [join, reference, topic, "phx_reply", { status: "ok", response }]);
    if (event === "phx_join") return await this.#join(socket, topic, payload as Join, reply);
    if (event === "phx_leave") {
      const others = this.#sockets.get(socket)?.filter((other) => other.topic !== topic);
      if (others) this.#sockets.set(socket, others);
    }
    if (event !== "access_token") reply({}); // which is not answered
  }

  /** As the real one: changes are told after a while, and the reply waits for that if asked to. */
  async #join(
    socket: WebSocket,
    topic: string,
    { config, access_token: token }: Join,
    reply: (response: Record<string, unknown>) => void,
  ): Promise<void> {
    const bindings = config.postgres_changes;
    const joined = () => reply({ postgres_changes: bindings.map((each) => ({ ...each, id: 1 })) });
    const { wait } = config.postgres_changes_options ?? {};
    if (!wait) joined();
    await this.beforeStreaming();
    this.#sockets.get(socket)?.push(...bindings.map(({ filter }) => ({ topic, filter, token })));
    if (wait) joined();
  }

  /** Tells each change to those who have asked for the row, and may see it by the policies. */
  async #tellChanges(): Promise<void> {
    while (this.#open) {
      const changes = await this.stack.sql<{ job_id: string }>(
        "delete from generation_private.test_changes returning job_id",
      );
      for (const { job_id } of changes) {
        for (const [socket, subscriptions] of this.#sockets) {
          for (const { topic, filter, token } of subscriptions) {
            if (filter !== `id=eq.${job_id}`) continue;
            const record = await this.#visibleTo(token, job_id);
            if (record) send(socket, [null, null, topic, "postgres_changes", update(record)]);
          }
        }
      }
      await new Promise((turn) => setTimeout(turn, 20));
    }
  }

  /** The row with the columns that the user may read; nothing when no policy lets him see it. */
  async #visibleTo(token: string, jobId: string): Promise<Record<string, unknown> | undefined> {
    const columns = await this.stack.sql<{ name: string }>(`
      select attname as name from pg_attribute
      where attrelid = 'public.generation_jobs'::regclass and attnum > 0 and not attisdropped
        and has_column_privilege('authenticated', attrelid, attnum, 'select')`);
    if (columns.length === 0) return undefined;
    const select = columns.map(({ name }) => name).join(",");
    const url = `${this.stack.url}/rest/v1/generation_jobs?id=eq.${jobId}&select=${select}`;
    const response = await fetch(url, {
      headers: { apikey: this.stack.publishableKey, authorization: `Bearer ${token}` },
    });
    const rows = await response.json();
    return response.ok ? rows[0] : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    await this.#realtime;
    for (const socket of this.#sockets.keys()) socket.close();
    await this.#server.shutdown();
  }
}

function publicUser({ id, email }: User) {
  return { id, email, aud: "authenticated", role: "authenticated", app_metadata: {} };
}

function update(record: Record<string, unknown>): Record<string, unknown> {
  const columns = Object.keys(record).map((name) => ({ name, type: "text" }));
  const data = {
    type: "UPDATE",
    schema: "public",
    table: "generation_jobs",
    commit_timestamp: new Date().toISOString(),
    columns,
    record,
    old_record: { id: record.id },
    errors: null,
  };
  return { ids: [1], data };
}

function send(socket: WebSocket, frame: Frame): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}
