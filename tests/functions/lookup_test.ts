import { deepEqual, equal, match } from "node:assert/strict";
import { createLookup, type Resolve } from "../../supabase/functions/_shared/lookup.ts";

/** A lookup whose name server knows these names; its log entries are collected. */
function lookupOf(resolve: Resolve | undefined, milliseconds?: number) {
  const said: { level: string; code?: string; message: string }[] = [];
  const lookup = createLookup(resolve, milliseconds);
  return { said, lookup: (name: string) => lookup(name, (entry) => said.push(entry)) };
}

const notFound = () => Promise.reject(new Deno.errors.NotFound("no records found"));

Deno.test("both kinds of addresses are queried, and all answers count", async () => {
  const asked: string[] = [];
  const { lookup, said } = lookupOf((name, type) => {
    asked.push(`${name} ${type}`);
    return Promise.resolve(type === "A" ? ["1.1.1.1", "10.0.0.1"] : ["fd00::1"]);
  });
  deepEqual(await lookup("images.example"), ["1.1.1.1", "10.0.0.1", "fd00::1"]);
  deepEqual(asked, ["images.example A", "images.example AAAA"]);
  deepEqual(said, []);
});

Deno.test("a name without addresses of one kind, or of both, is not logged", async () => {
  const { lookup, said } = lookupOf((name, type) =>
    name === "v4.example" && type === "A" ? Promise.resolve(["1.1.1.1"]) : notFound()
  );
  deepEqual(await lookup("v4.example"), ["1.1.1.1"]);
  deepEqual(await lookup("nothing.example"), []);
  deepEqual(said, []);
});

const BROKEN: [string, Resolve | undefined, RegExp][] = [
  ["missing", undefined, /Deno\.resolveDns is missing/],
  [
    "denied",
    () => Promise.reject(new Deno.errors.PermissionDenied('Requires net access to "10.0.0.2:53"')),
    /Requires net access/,
  ],
  [
    "denied at once",
    () => {
      throw new Deno.errors.PermissionDenied("Requires net access");
    },
    /Requires net access/,
  ],
  ["broken", () => Promise.reject(new Error("request timed out")), /request timed out/],
  ["throwing what is no error", () => Promise.reject("no"), /: no$/],
];

for (const [name, resolve, reason] of BROKEN) {
  Deno.test(`a name server that is ${name} is logged once, and the lookup is skipped`, async () => {
    const { lookup, said } = lookupOf(resolve);
    for (let i = 0; i < 3; i++) deepEqual(await lookup("images.example"), []);
    equal(said.length, 1);
    deepEqual([said[0].level, said[0].code], ["warn", "names_not_looked_up"]);
    match(said[0].message, reason);
  });
}

Deno.test("if one kind cannot be resolved, the other still counts", async () => {
  const { lookup, said } = lookupOf((_name, type) =>
    type === "A" ? Promise.resolve(["10.0.0.1"]) : Promise.reject(new Error("refused"))
  );
  deepEqual(await lookup("images.example"), ["10.0.0.1"]);
  equal(said.length, 1);
});

Deno.test("a lookup without an answer times out, even if it cannot be cancelled", async () => {
  const signals: AbortSignal[] = [];
  const { lookup, said } = lookupOf((_name, _type, { signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  }, 1);
  deepEqual(await lookup("images.example"), []);
  match(said[0].message, /no answer within 1 ms/);
  deepEqual(signals.map(({ aborted }) => aborted), [true, true]);
});

Deno.test("the runtime's own resolver is understood", async () => {
  // `localhost` needs no name server, and no name below `invalid` exists (RFC 6761).
  const { lookup, said } = lookupOf(Deno.resolveDns);
  const addresses = await lookup("localhost");
  if (said.length === 0) equal(addresses.includes("127.0.0.1"), true, String(addresses));
  deepEqual(await lookup("nothing.invalid"), []);
});
