/** The checks of address and key before the project is asked. */
import { equal, match, ok } from "node:assert/strict";
import { examine } from "../../cli/doctor/examine.ts";
import { readKey, readUrl } from "../../cli/project.ts";
import { environmentFor, SECRET_KEY } from "./support.ts";

const REF = "abcdefghijklmnopqrst";
const URL_OF_PROJECT = `https://${REF}.supabase.co`;
const NOW = Date.parse("2026-11-25T12:00:00Z");

const url = (value: string | undefined) =>
  readUrl((name) => name === "SUPABASE_URL" ? value : undefined);

Deno.test("the address of an API is accepted, hosted or not", () => {
  for (
    const [given, taken] of [
      [URL_OF_PROJECT, URL_OF_PROJECT],
      [` ${URL_OF_PROJECT}/ `, URL_OF_PROJECT],
      ["http://127.0.0.1:54321", "http://127.0.0.1:54321"],
      ["http://kong:8000", "http://kong:8000"],
      ["https://api.example.com/supabase", "https://api.example.com/supabase"],
    ]
  ) {
    const { value, ...observation } = url(given);
    equal(observation.status, "ok", given);
    equal(value, taken);
  }
});

Deno.test("an error says what another address is, with the right one", () => {
  const wrong: [string | undefined, RegExp, string][] = [
    [undefined, /not set/, "https://PROJECT_REF.supabase.co"],
    ["  ", /not set/, "https://PROJECT_REF.supabase.co"],
    ["https://YOUR_PROJECT_REF.supabase.co", /placeholder/, "https://PROJECT_REF.supabase.co"],
    ["abc", /an http\(s\) URL/, "https://PROJECT_REF.supabase.co"],
    [`${URL_OF_PROJECT}?apikey=x`, /an http\(s\) URL/, URL_OF_PROJECT],
    [`postgresql://postgres:pw@db.${REF}.supabase.co:5432/postgres`, /database/, URL_OF_PROJECT],
    [`https://db.${REF}.supabase.co`, /database/, URL_OF_PROJECT],
    [`https://supabase.com/dashboard/project/${REF}/settings`, /dashboard/, URL_OF_PROJECT],
    ["https://supabase.com/dashboard/projects", /dashboard/, "https://PROJECT_REF.supabase.co"],
    [`https://${REF}.functions.supabase.co`, /whole API/, URL_OF_PROJECT],
    [`${URL_OF_PROJECT}/rest/v1/`, /\/rest\/v1/, URL_OF_PROJECT],
    [`${URL_OF_PROJECT}/functions/v1`, /\/functions\/v1/, URL_OF_PROJECT],
    [`http://${REF}.supabase.co`, /http:/, URL_OF_PROJECT],
  ];
  for (const [given, said, wanted] of wrong) {
    const { value, ...observation } = url(given);
    equal(value, undefined, given);
    equal(observation.status, "failed");
    match(observation.message, said);
    equal(observation.remedy, `export SUPABASE_URL=${wanted}`);
    ok(!JSON.stringify(observation).includes("pw@"), "no password is repeated");
  }
});

function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
  return [part({ alg: "HS256" }), part(claims), "signature"].join(".");
}

function key(value: string | undefined, name = "SUPABASE_SECRET_KEY", at = URL_OF_PROJECT) {
  return readKey((wanted) => wanted === name ? value : undefined, at, NOW);
}

Deno.test("secret keys of both generations are accepted", () => {
  const legacy = jwt({ role: "service_role", ref: REF, exp: NOW / 1000 + 60 });
  for (const name of ["SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"]) {
    for (const given of [SECRET_KEY, legacy]) {
      const { value, ...observation } = key(given, name);
      equal(observation.status, "ok");
      equal(value, given);
      match(observation.message, new RegExp(`^${name} is `));
    }
  }
  const own = jwt({ role: "service_role", ref: "somewhere-else" });
  equal(key(own, "SUPABASE_SECRET_KEY", "https://api.example.com").value, own, "self-hosted");
});

Deno.test("an error names the kind of a wrong key, never its value, and where to find the right one", () => {
  const wrong: [string | undefined, RegExp][] = [
    [undefined, /not set/],
    ["sb_publishable_0123456789", /publishable/],
    ["sbp_0123456789abcdef", /access token/],
    [jwt({ role: "anon", ref: REF }), /anon key/],
    [jwt({ role: "authenticated", ref: REF }), /role other than service_role/],
    [jwt({ role: "service_role", ref: "t".repeat(20) }), /belongs to another project/],
    [jwt({ role: "service_role", ref: REF, exp: NOW / 1000 - 60 }), /expired/],
    ["two words", /printable/],
    ["undefined", /SUPABASE_SECRET_KEY must be/],
  ];
  for (const [given, said] of wrong) {
    const { value, ...observation } = key(given);
    equal(value, undefined);
    equal(observation.status, "failed");
    match(observation.message, said);
    match(observation.remedy!, /^export SUPABASE_SECRET_KEY=YOUR_SECRET_KEY {2}#/);
    ok(observation.remedy!.includes(`/project/${REF}/settings/api-keys`));
    if (given && given !== "undefined") ok(!JSON.stringify(observation).includes(given));
  }
});

Deno.test("an error says where the key of the local stack is, and which variable has a public key", () => {
  const environment: Record<string, string> = { SUPABASE_ANON_KEY: jwt({ role: "anon" }) };
  const local = readKey((name) => environment[name], "http://127.0.0.1:54321", NOW);
  match(local.message, /SUPABASE_ANON_KEY is set, and is a key for browsers/);
  match(local.remedy!, /^export SUPABASE_SECRET_KEY=YOUR_SECRET_KEY {2}# .*\.env\.local$/);
});

Deno.test("a key of an unknown form is used, with a warning", () => {
  for (const given of ["whatever", "a.b.c", `${btoa("{}")}.${btoa("7")}.x`]) {
    const { value, ...observation } = key(given);
    equal(observation.status, "warning");
    equal(value, given);
    ok(!JSON.stringify(observation).includes(given));
  }
});

Deno.test("an error names Windows line endings and byte order marks, and no value", () => {
  const values: Record<string, string> = {
    SUPABASE_URL: `${URL_OF_PROJECT}\r`,
    SUPABASE_SERVICE_ROLE_KEY: `${SECRET_KEY}\r`,
    "\uFEFFSUPABASE_SECRET_KEY": SECRET_KEY,
  };
  const environment = (name: string) => values[name];
  match(readUrl(environment).message, /^SUPABASE_URL ends with a carriage return: .* \(CRLF\)/);
  match(readKey(environment, URL_OF_PROJECT, NOW).message, /SUPABASE_SECRET_KEY.* \(BOM\)/);
  delete values["\uFEFFSUPABASE_SECRET_KEY"];
  const { message, value } = readKey(environment, URL_OF_PROJECT, NOW);
  match(message, /^SUPABASE_SERVICE_ROLE_KEY ends with a carriage return/);
  equal(value, undefined);
  ok(!message.includes(SECRET_KEY));
});

Deno.test("no part of a key is shown where a reply that quotes it is cut", async () => {
  const environment = environmentFor(URL_OF_PROJECT);
  for (let shown = 12; shown < SECRET_KEY.length; shown += 5) {
    const message = `${"x".repeat(300 - shown)}${SECRET_KEY}`;
    const findings = await examine({
      core: { version: () => "1.2.3" },
      io: {
        environment: (name) => environment[name],
        fetch: () => Promise.resolve(Response.json({ message }, { status: 401 })),
        now: () => NOW,
      },
      userAgent: "generation-queue/test",
    });
    const said = JSON.stringify(findings);
    ok(said.includes("xxx") && !said.includes(SECRET_KEY.slice(0, 12)), said);
  }
});
