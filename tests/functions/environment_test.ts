import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readCredentials } from "../../supabase/functions/_shared/credentials.ts";
import { readConfiguration } from "../../supabase/functions/_shared/environment.ts";
import { type Kind, readModels } from "../../supabase/functions/_shared/models.ts";
import { newAccount, variablesOf } from "./service_account.ts";
import { environmentOf, hostedValues, newKeys } from "./support.ts";

const keys = newKeys();

function read(change: Record<string, string> = {}, kind: Kind = "image") {
  return readConfiguration(environmentOf({ ...hostedValues(keys), ...change }), kind);
}

Deno.test("a hosted project needs nothing but Google's key", () => {
  deepEqual(read().configuration, {
    supabaseUrl: "http://project.test",
    publicUrl: "http://project.test",
    serviceKey: keys.secret,
    googleApiKey: keys.google,
    googleBaseUrl: "https://generativelanguage.googleapis.com/v1beta",
    vertex: undefined,
    models: ["gemini-2.5-flash-image", "gemini-nano-banana-2.1", "gemini-3.1-flash-image"],
    concurrency: 5,
    budgetSeconds: 120,
    workerLifetimeSeconds: 150,
    operationDeadlineSeconds: 1800,
    maxAttempts: 5,
    jobDeadlineHours: 24,
    fallbackAfterSeconds: 600,
    sourceImageHosts: undefined,
    sourceImageBuckets: ["storyboard-images", "storyboard-videos"],
  });
  const video = read({}, "video").configuration!;
  deepEqual(video.models, ["gemini-omni-1.1-flash"]);
  equal(video.concurrency, 1);
});

Deno.test("a run ends before a worker that lives for less than usual", () => {
  const budget = (variables: Record<string, string>) =>
    read(variables).configuration?.budgetSeconds;
  equal(budget({}), 120);
  equal(budget({ WORKER_LIFETIME_SECONDS: "400" }), 120);
  equal(budget({ WORKER_LIFETIME_SECONDS: "60" }), 48);
  equal(budget({ WORKER_LIFETIME_SECONDS: "60", WORKER_BUDGET_SECONDS: "30" }), 30);
});

Deno.test("every variable has its effect", () => {
  const { configuration } = read({
    SUPABASE_URL: "http://kong:8000/",
    PUBLIC_URL: "https://pictures.example/",
    GOOGLE_GENERATIVE_AI_BASE_URL: "http://127.0.0.1:9/v1beta/",
    IMAGE_MODELS: " one , two,one,",
    VIDEO_MODELS: "veo-9",
    IMAGE_CONCURRENCY: "7",
    VIDEO_CONCURRENCY: "3",
    WORKER_BUDGET_SECONDS: "0.5",
    WORKER_LIFETIME_SECONDS: "400",
    VIDEO_DEADLINE_MINUTES: "90",
    MAX_ATTEMPTS: "2",
    JOB_DEADLINE_HOURS: "48",
    FALLBACK_AFTER_SECONDS: "30",
    SOURCE_IMAGE_HOSTS: "Images.Example.com, *.example.org",
    SOURCE_IMAGE_BUCKETS: "uploads, Team.A_1",
  });
  equal(configuration?.supabaseUrl, "http://kong:8000");
  equal(configuration?.publicUrl, "https://pictures.example");
  equal(configuration?.googleBaseUrl, "http://127.0.0.1:9/v1beta");
  deepEqual(configuration?.models, ["one", "two"]);
  equal(configuration?.concurrency, 7);
  equal(configuration?.budgetSeconds, 0.5);
  equal(configuration?.workerLifetimeSeconds, 400);
  equal(configuration?.operationDeadlineSeconds, 5400);
  equal(configuration?.maxAttempts, 2);
  equal(configuration?.jobDeadlineHours, 48);
  equal(configuration?.fallbackAfterSeconds, 30);
  const never = read({ FALLBACK_AFTER_SECONDS: "Never" });
  deepEqual([never.problems, never.configuration?.fallbackAfterSeconds], [[], undefined]);
  deepEqual(configuration?.sourceImageHosts, ["images.example.com", "*.example.org"]);
  deepEqual(configuration?.sourceImageBuckets, ["uploads", "Team.A_1"]);
  equal(read({ VIDEO_CONCURRENCY: "3" }, "video").configuration?.concurrency, 3);
});

Deno.test("PUBLIC_URL is the public address, SUPABASE_PUBLIC_URL where it is not set", () => {
  const publicUrl = (values: Record<string, string>) => read(values).configuration?.publicUrl;
  const both = { PUBLIC_URL: "https://one.example", SUPABASE_PUBLIC_URL: "https://two.example" };
  equal(publicUrl(both), "https://one.example");
  equal(publicUrl({ ...both, PUBLIC_URL: " " }), "https://two.example");
  equal(publicUrl({ SUPABASE_PUBLIC_URL: "https://two.example" }), "https://two.example");
});

Deno.test("a blank variable counts as not set", () => {
  const blank = Object.fromEntries(
    ["IMAGE_MODELS", "IMAGE_CONCURRENCY", "WORKER_BUDGET_SECONDS", "SOURCE_IMAGE_HOSTS"]
      .map((name) => [name, "  "]),
  );
  deepEqual(read(blank).configuration, read().configuration);
});

Deno.test("a value that does not parse is an error that names the variable and hides the value", () => {
  const bad: Record<string, string[]> = {
    SUPABASE_URL: ["project.test", "ftp://project.test", "http://u:p@project.test"],
    PUBLIC_URL: ["not a url", "https://x.example/?a=1", "ftp://x.example"],
    SUPABASE_PUBLIC_URL: ["not a url", "https://x.example/?a=1", "https://x.example/#a"],
    SUPABASE_SECRET_KEYS: ["oops", "[]", "null", "1", '{"a":1}', '{"a":""}', '{"a":"b c"}'],
    SUPABASE_PUBLISHABLE_KEYS: ["{", '"text"', '{"a":null}'],
    SUPABASE_SECRET_KEY: ["two words"],
    SUPABASE_SERVICE_ROLE_KEY: ["schlüssel"],
    WORKER_SECRET: ["two words", "tab\tinside", "15-characters--", "YOUR_WORKER_SECRET"],
    ALLOW_PUBLIC_TRIGGER: ["yes", "1", "maybe"],
    GOOGLE_GENERATIVE_AI_API_KEY: ["two words", "line\nbreak", "YOUR_GOOGLE_API_KEY"],
    GOOGLE_GENERATIVE_AI_BASE_URL: ["localhost:9", "file:///etc", "https://u@h/v1beta"],
    IMAGE_MODELS: [",", "a,,b", "a/b", "a b", "-a", "gemini-omni-1.1-flash", "vertex/veo-3"],
    IMAGE_CONCURRENCY: ["0", "-1", "1.5", "five", "101", "1e1", "0x5"],
    WORKER_BUDGET_SECONDS: ["0", "-5", "two minutes", "120s", "3601", "Infinity", "NaN"],
    WORKER_LIFETIME_SECONDS: ["0", "-5", "150s", "86401", "NaN"],
    VIDEO_DEADLINE_MINUTES: ["0", "2881", "1h", "0.5"],
    MAX_ATTEMPTS: ["0", "101", "many", "2.5"],
    JOB_DEADLINE_HOURS: ["0", "721", "1d", "0.5"],
    FALLBACK_AFTER_SECONDS: ["0", "2592001", "10m", "always"],
    SOURCE_IMAGE_HOSTS: [
      ",",
      "https://a.example",
      "a.example/path",
      "a.example:80",
      "a b",
      "*",
      "a.*.b",
    ],
    SOURCE_IMAGE_BUCKETS: [",", "a/b", "a b", "a%2fb", "..\\b", "a?b", "https://h/b"],
  };
  for (const [variable, values] of Object.entries(bad)) {
    for (const value of values) {
      const { configuration, problems } = read({ [variable]: value });
      equal(configuration, undefined, `${variable}=${value}`);
      deepEqual(problems.map((problem) => problem.variable), [variable], `${variable}=${value}`);
      equal(problems[0].missing, false);
      match(problems[0].message, new RegExp(`^${variable} must be `));
      if (value.length > 5) ok(!problems[0].message.includes(value), `${variable} shows its value`);
    }
  }
});

Deno.test("a video model needs a prefix that names its protocol", () => {
  for (
    const value of [
      ...["gemini-2.5-flash-image", "sora", "veo-", "veo-3,imagen", "vertex/", "vertex/sora"],
      ...["vertex/vertex/veo-3", "Vertex/veo-3", "models/veo-3"],
    ]
  ) {
    equal(read({ VIDEO_MODELS: value }, "video").problems[0]?.variable, "VIDEO_MODELS");
  }
  deepEqual(read({ VIDEO_MODELS: "sora" }).problems, []);
});

Deno.test("all problems are reported at once, the missing ones as missing", () => {
  const { problems, models, leftOut } = readConfiguration(
    environmentOf({ MAX_ATTEMPTS: "no", WORKER_BUDGET_SECONDS: "no", IMAGE_MODELS: "a" }),
    "image",
  );
  deepEqual(
    problems.map(({ variable, missing }) => [variable, missing]),
    [
      ["SUPABASE_URL", true],
      ["SUPABASE_SECRET_KEYS", true],
      ["WORKER_BUDGET_SECONDS", false],
      ["MAX_ATTEMPTS", false],
      ["GOOGLE_GENERATIVE_AI_API_KEY", true],
    ],
  );
  deepEqual(models, []);
  deepEqual(leftOut, [{ model: "a", missing: ["GOOGLE_GENERATIVE_AI_API_KEY"] }]);
});

const VERTEX = {
  GOOGLE_VERTEX_PROJECT: "a-project",
  GOOGLE_CLIENT_EMAIL: "a@b.test",
  GOOGLE_PRIVATE_KEY: "a key",
};
const [VEO, OMNI] = ["vertex/veo-3.1-fast-generate-001", "gemini-omni-1.1-flash"];

Deno.test("a model without credentials is left out, and its variables are named", () => {
  const { GOOGLE_GENERATIVE_AI_API_KEY: _, ...keyless } = hostedValues(keys);
  const { GOOGLE_VERTEX_PROJECT, GOOGLE_PRIVATE_KEY: __, ...noKey } = VERTEX;
  const google = { GOOGLE_GENERATIVE_AI_API_KEY: keys.google };
  const names = Object.keys(VERTEX);
  const keyName = "GOOGLE_GENERATIVE_AI_API_KEY";
  const instead = ["GOOGLE_SERVICE_ACCOUNT_JSON", "GOOGLE_VERTEX_API_KEY"];
  const cases: [Record<string, string>, string[], [string, string[]][]][] = [
    [{ ...google, ...VERTEX }, [VEO, OMNI], []],
    [google, [OMNI], [[VEO, names]]],
    [{ ...google, GOOGLE_VERTEX_PROJECT }, [OMNI], [[VEO, names.slice(1)]]],
    [{ ...google, ...VERTEX, GOOGLE_PRIVATE_KEY: " " }, [OMNI], [[VEO, names.slice(2)]]],
    [{ ...google, ...noKey }, [OMNI], [[VEO, [names[0], names[2]]]]],
    [VERTEX, [VEO], [[OMNI, [keyName]]]],
    [{ GOOGLE_SERVICE_ACCOUNT_JSON: "{}" }, [VEO], [[OMNI, [keyName]]]],
    [{ GOOGLE_VERTEX_API_KEY: "key" }, [VEO], [[OMNI, [keyName]]]],
    [{}, [], [[VEO, names], [OMNI, [keyName]]]],
  ];
  for (const [values, usable, left] of cases) {
    const environment = environmentOf({ ...keyless, ...values });
    const { models, leftOut } = readConfiguration(environment, "video");
    const shown = JSON.stringify(values);
    deepEqual(models, usable, shown);
    deepEqual(
      leftOut,
      left.map(([model, missing]) => ({ model, missing, ...(model === VEO && { instead }) })),
      shown,
    );
  }
});

Deno.test("with no model left, what to set for the simplest of them is missing", () => {
  const missing = (VIDEO_MODELS: string) =>
    readConfiguration(
      environmentOf({ ...hostedValues(keys), GOOGLE_GENERATIVE_AI_API_KEY: "", VIDEO_MODELS }),
      "video",
    ).problems.map((problem) => [problem.variable, problem.missing]);
  deepEqual(missing(""), [["GOOGLE_GENERATIVE_AI_API_KEY", true]]);
  deepEqual(missing(VEO), Object.keys(VERTEX).map((name) => [name, true]));
});

Deno.test("the project is called with its newest key, and never with WORKER_SECRET", () => {
  const service = (values: Record<string, string>) =>
    readCredentials(environmentOf(values)).service;
  const map = JSON.stringify({ first: keys.otherSecret, default: keys.secret });
  equal(service({ SUPABASE_SECRET_KEYS: map }), keys.secret);
  equal(service({ SUPABASE_SECRET_KEYS: `{"only":"${keys.otherSecret}"}` }), keys.otherSecret);
  equal(
    service({ SUPABASE_SECRET_KEY: keys.secret, SUPABASE_SERVICE_ROLE_KEY: keys.serviceRole }),
    keys.secret,
  );
  equal(
    service({ SUPABASE_SECRET_KEYS: "{}", SUPABASE_SERVICE_ROLE_KEY: keys.serviceRole }),
    keys.serviceRole,
  );
  equal(service({ WORKER_SECRET: keys.worker }), undefined);
});

/** What an example shows, by name, with what is commented out. */
async function shownIn(path: string): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
  return Object.fromEntries(
    [...text.matchAll(/^(?:# )?([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
}

/** The variables that the functions read, but for those that Supabase sets itself. */
function settableNames(): string[] {
  const names = new Set<string>();
  const account = variablesOf(newAccount());
  for (const values of [account, {}] as Record<string, string>[]) {
    for (const kind of ["image", "video"] as const) {
      readConfiguration((name) => {
        names.add(name);
        return values[name];
      }, kind);
    }
  }
  return [...names].filter((name) => !name.startsWith("SUPABASE_")).sort();
}

for (const path of [".env.example", "supabase/functions/.env.example"]) {
  Deno.test(`${path} shows every variable of the functions, the defaults as they are, and no key`, async () => {
    const shown = await shownIn(path);
    const settable = Object.keys(shown).filter((name) => !name.startsWith("SUPABASE_"));
    deepEqual(settable.sort(), settableNames());

    const { PUBLIC_URL, WORKER_SECRET: _, SOURCE_IMAGE_HOSTS, ...rest } = shown;
    const settings = Object.entries(rest).filter(([name]) => !name.startsWith("SUPABASE_"));
    const isGoogles = (name: string) => /^GOOGLE_(?!.*(_BASE_URL|_LOCATION|TOKEN_URL)$)/.test(name);
    for (const [name, value] of settings) if (isGoogles(name)) match(value, /YOUR_/, name);
    const defaults = Object.fromEntries(settings.filter(([name]) => !isGoogles(name)));
    for (const kind of ["image", "video"] as const) {
      deepEqual(read(defaults, kind), read({}, kind));
      deepEqual(read({ PUBLIC_URL, SOURCE_IMAGE_HOSTS }, kind).problems, []);
    }
    // Copied as they are, the examples of secrets are refused by name.
    for (const name of ["WORKER_SECRET", "GOOGLE_GENERATIVE_AI_API_KEY"]) {
      deepEqual(read({ [name]: shown[name] }).problems.map(({ variable }) => variable), [name]);
    }
  });
}

Deno.test("the pages show the default lists of models", async () => {
  for (const path of ["README.md", "docs/models.md"]) {
    const page = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
    for (const kind of ["image", "video"] as const) {
      const { models, leftOut } = readModels(() => undefined, kind);
      deepEqual(models, [], "nothing has credentials");
      const row = new RegExp(`^\\| \`${kind.toUpperCase()}_MODELS\` \\| \`([^\`]+)\` \\|`, "m");
      equal(row.exec(page)?.[1], leftOut.map(({ model }) => model).join(), path);
    }
  }
});

Deno.test("the two examples differ only in the project's own values", async () => {
  const {
    SUPABASE_URL,
    SUPABASE_SECRET_KEY,
    SUPABASE_SERVICE_ROLE_KEY,
    PUBLIC_URL: _,
    ...forScripts
  } = await shownIn(".env.example");
  match(
    `${SUPABASE_URL} ${SUPABASE_SECRET_KEY} ${SUPABASE_SERVICE_ROLE_KEY}`,
    /(\S*YOUR_\S* ?){3}/,
  );
  const { PUBLIC_URL, ...forFunctions } = await shownIn("supabase/functions/.env.example");
  equal(PUBLIC_URL, "http://127.0.0.1:54321");
  deepEqual(forFunctions, forScripts);
});

Deno.test("what stands in examples where a key belongs is no key", () => {
  const examples = [
    ...[
      "your-api-key",
      "YOUR_SECRET_KEY",
      "yourkey",
      "your-super-secret-and-long-token-1234567890",
    ],
    ...[
      "<your-key>",
      "[key]",
      "{{WORKER_SECRET}}",
      "${WORKER_SECRET}",
      "$WORKER_SECRET",
      "AIza...",
    ],
    ...["changeme", "change-me-please-now", "CHANGE_ME", "changeme1234567890", "replace_me"],
    ...[
      "A_LONG_RANDOM_STRING",
      "super-secret-worker-token",
      "my-google-api-key",
      "password12345678",
    ],
    ...["xxxxxxxxxxxxxxxxxxxx", "0000000000000000", "xxxx-xxxx-xxxx-xxxx", "****************"],
    ...["undefined", "null", "none", "placeholder", "example-secret-key", "test-secret-1234567"],
    ...["your_key", "x".repeat(12), ""].map((key) => `sb_secret_${key}`),
    `AIza${"X".repeat(17)}`,
    ...[
      "super-secret-jwt-token-with-at-least-32-characters-long",
      "a-secret-of-at-least-16-characters",
      "openssl-rand-hex-32",
      "put_something_random_here",
    ],
    ...["abababababababab", "passwordpassword", "EXAMPLEKEYEXAMPLEKEY", "secretsecretsecret"],
  ];
  for (const value of examples) {
    for (
      const variable of ["WORKER_SECRET", "SUPABASE_SECRET_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"]
    ) {
      const { problems } = read({ [variable]: value });
      deepEqual(problems.map((problem) => problem.variable), [variable], value);
      match(problems[0].message, /placeholder/);
      ok(value === "placeholder" || !problems[0].message.includes(value));
    }
    const listed = read({ SUPABASE_SECRET_KEYS: JSON.stringify({ default: value }) }).problems;
    deepEqual(listed.map((problem) => problem.variable), ["SUPABASE_SECRET_KEYS"], value);
  }
});

Deno.test("a key with words of examples in it is a key", () => {
  const { secret, serviceRole, google } = newKeys();
  const hex = "8d1f3a5c7e9b2046b51c0e7f9a2d4386";
  for (
    const value of [
      ...[secret, serviceRole, google, hex, `worker-${hex}`, `secret_key_${hex}`],
      ...["correct-horse-battery-staple", "16-characters-is", "AQ.Ab8RN6KexampleQ"],
    ]
  ) {
    deepEqual(read({ WORKER_SECRET: value }).problems, [], value);
  }
});

Deno.test("a WORKER_SECRET that everyone knows, or that was typed without a thought, is refused", () => {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  const demo = [{ alg: "HS256", typ: "JWT" }, { iss: "supabase-demo", role: "service_role" }];
  const secrets = [
    `${demo.map(part).join(".")}.signature_of-the_stack`,
    `sb_secret_N7UND0Ug${"a1".repeat(9)}`,
    ...["1234567890123456", "4711471147114711081500", "0123456789abcdef0123456789abcdef"],
    ...["qwertyuiopasdfgh", "QWERTZUIOP123456", "abcdefghijklmnopqrst", "zyxwvutsrqponmlk-1"],
    ...["1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv", "zaq12wsxcde34rfv"],
  ];
  for (const WORKER_SECRET of secrets) {
    const { problems } = read({ WORKER_SECRET });
    deepEqual(problems.map(({ message }) => message), [
      "WORKER_SECRET must be a random key: this one is known or easy to guess",
    ], WORKER_SECRET);
  }
});
