import { deepEqual, equal, fail, match, rejects } from "node:assert/strict";
import {
  createLookup,
  http1,
  type Resolve,
  sendTo,
} from "../../supabase/functions/_shared/lookup.ts";
import { serve } from "../support/loopback.ts";

// A worker keeps it; made inside of a test, it would be a leak.
http1();

const notFound = () => Promise.reject(new Deno.errors.NotFound("no records found"));

Deno.test("both kinds of addresses are queried, and all answers count", async () => {
  const asked: string[] = [];
  const lookup = createLookup((name, type) => {
    asked.push(`${name} ${type}`);
    return Promise.resolve(type === "A" ? ["1.1.1.1", "10.0.0.1"] : ["fd00::1"]);
  });
  deepEqual(await lookup("images.example"), ["1.1.1.1", "10.0.0.1", "fd00::1"]);
  deepEqual(asked, ["images.example A", "images.example AAAA"]);
});

Deno.test("one kind of address is enough", async () => {
  for (const none of [notFound, () => Promise.resolve([])]) {
    for (const [only, address] of [["A", "1.1.1.1"], ["AAAA", "2606:4700::1111"]]) {
      const lookup = createLookup((_name, type) =>
        type === only ? Promise.resolve([address]) : none()
      );
      deepEqual(await lookup("images.example"), [address]);
    }
  }
});

Deno.test("a host whose other addresses are not known is not connected to", async () => {
  for (const known of ["A", "AAAA"]) {
    const lookup = createLookup((_name, type) =>
      type === known ? Promise.resolve(["1.1.1.1"]) : Promise.reject(new Error("refused"))
    );
    await rejects(lookup("images.example"), /^Error: its name has no known address: refused$/);
    const late = createLookup(
      (_name, type) => type === known ? Promise.resolve(["1.1.1.1"]) : new Promise(() => {}),
      1,
    );
    await rejects(late("images.example"), /no answer within 1 ms$/);
  }
});

const NONE: [string, Resolve | undefined, RegExp][] = [
  // A name that does not exist, one without addresses, and a name server that reports a failure.
  ["not found", notFound, /: none found$/],
  ["empty", () => Promise.resolve([]), /: none found$/],
  ["missing", undefined, /: Deno\.resolveDns is missing$/],
  [
    "denied",
    () => Promise.reject(new Deno.errors.PermissionDenied('Requires net access to "10.0.0.2:53"')),
    /: Requires net access/,
  ],
  [
    "denied at once",
    () => {
      throw new Deno.errors.PermissionDenied("Requires net access");
    },
    /: Requires net access$/,
  ],
  ["broken", () => Promise.reject(new Error("request timed out")), /: request timed out$/],
  ["throwing what is no error", () => Promise.reject("no"), /: no$/],
  ["throwing nothing", () => Promise.reject(), /: none found$/],
];

for (const [name, resolve, reason] of NONE) {
  Deno.test(`a lookup fails with its reason when the answer is ${name}`, async () => {
    await rejects(createLookup(resolve)("images.example"), reason);
  });
}

Deno.test("a lookup without an answer times out, even if it cannot be cancelled", async () => {
  const signals: AbortSignal[] = [];
  const lookup = createLookup((_name, _type, { signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  }, 1);
  await rejects(lookup("images.example"), /no answer within 1 ms/);
  deepEqual(signals.map(({ aborted }) => aborted), [true, true]);
});

Deno.test("the runtime's own resolver is understood", async () => {
  // `localhost` needs no name server, and no name below `invalid` exists (RFC 6761).
  const lookup = createLookup(Deno.resolveDns);
  equal((await lookup("localhost")).includes("127.0.0.1"), true);
  await rejects(lookup("nothing.invalid"), /its name has no known address/);
});

Deno.test("a request over http goes to the given address, in the name of its host", async () => {
  await using server = serve((request) => Response.json([request.url, ...request.headers]));
  const { port } = new URL(server.url);
  const url = `http://images.invalid:${port}/a%20b.png?x=%2f`;
  const request = { headers: { accept: "image/png" }, redirect: "manual" as const };
  const [seen, ...headers] = await (await sendTo("127.0.0.1", url, request)).json();
  equal(seen, url);
  equal(Object.fromEntries(headers).host, `images.invalid:${port}`);
  equal(Object.fromEntries(headers).accept, "image/png");
});

Deno.test("a pinned request is aborted and not redirected, as others", async () => {
  await using server = serve(() =>
    new Response(null, { status: 302, headers: { location: "/elsewhere" } })
  );
  const { port } = new URL(server.url);
  const stop = new AbortController();
  const request = () =>
    sendTo("127.0.0.1", `http://images.invalid:${port}/`, {
      headers: {},
      redirect: "manual",
      signal: stop.signal,
    });
  const response = await request();
  deepEqual([response.status, response.headers.get("location")], [302, "/elsewhere"]);
  await response.body?.cancel();
  stop.abort();
  await rejects(request(), { name: "AbortError" });
});

Deno.test("an https request keeps its name, which its certificate must have", async () => {
  const sent = sendTo("127.0.0.1", "https://images.invalid:9443/", { headers: {} });
  const error: Error = await sent.then(() => fail(), (error) => error);
  match(`${error.message} ${error.cause}`, /images\.invalid/);
});

Deno.test("an https request speaks HTTP/1.1 alone", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sent = sendTo("127.0.0.1", `https://localhost:${listener.addr.port}/`, { headers: {} });
  const refused = rejects(sent);
  const connection = await listener.accept();
  const hello = new Uint8Array(16_384);
  const length = await connection.read(hello);
  connection.close();
  await refused;
  const offered = new TextDecoder("latin1").decode(hello.subarray(0, length!));
  match(offered, /localhost/, "it names its host");
  equal(offered.includes("\x02h2"), false);
});
