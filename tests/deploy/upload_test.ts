/** What the Supabase CLI uploads for the functions. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { deploy, FUNCTIONS, importsOf, REPOSITORY, unpack } from "./deployment.ts";

/** The largest upload that Supabase bundles on its side, in bytes. */
const MAX_BYTES = 5 * 1024 * 1024;

Deno.test("the CLI uploads both functions, each with exactly the files that it imports", async () => {
  const { uploads, outcomes } = await deploy();
  for (const { code, output } of outcomes) equal(code, 0, output);
  // The CLI continues when it cannot find an import, and prints a warning.
  for (const { output } of outcomes) ok(!/WARN|failed to read/i.test(output), output);
  deepEqual(uploads.map(({ slug }) => slug), FUNCTIONS);

  for (const upload of uploads) {
    const folder = await Deno.makeTempDir();
    await unpack([upload], folder);
    const { entrypoint_path, import_map_path, verify_jwt } = upload.metadata;
    equal(entrypoint_path, `supabase/functions/${upload.slug}/index.ts`);
    equal(import_map_path, `supabase/functions/${upload.slug}/deno.json`);
    // The functions check the key themselves: with true, secret keys would never reach them.
    equal(verify_jwt, false);

    const { files, broken } = await importsOf(folder, entrypoint_path);
    deepEqual(broken, []);
    ok(files.includes("pkg/generation_queue.js"));
    deepEqual([...upload.files.keys()].sort(), [...files, import_map_path!].sort());

    const bytes = [...upload.files.values()].reduce((sum, file) => sum + file.byteLength, 0);
    ok(bytes < MAX_BYTES, `${bytes} bytes`);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the CLI uploads the files of the repository unchanged", async () => {
  const { uploads } = await deploy(REPOSITORY, FUNCTIONS.slice(0, 1));
  for (const [name, content] of uploads[0].files) {
    deepEqual(content, await Deno.readFile(`${REPOSITORY}${name}`), name);
  }
});

Deno.test("the CLI accepts supabase/config.toml, and rejects wrong values", async () => {
  const folder = await Deno.makeTempDir();
  const config = await Deno.readTextFile(`${REPOSITORY}supabase/config.toml`);
  const name = "tiny";
  await Deno.mkdir(`${folder}/supabase/functions/${name}`, { recursive: true });
  await Deno.writeTextFile(`${folder}/supabase/functions/${name}/index.ts`, "export {};\n");
  const deployWith = async (text: string) => {
    await Deno.writeTextFile(`${folder}/supabase/config.toml`, text);
    return (await deploy(folder, [name])).outcomes[0];
  };

  const accepted = await deployWith(config);
  equal(accepted.code, 0, accepted.output);
  ok(!accepted.output.includes("WARN"), accepted.output);

  // The CLI overwrites the properties of each declared bucket.
  ok(!/^\[storage\.buckets/m.test(config), "config.toml declares a bucket");

  const misspelt = await deployWith(config.replace("sql_paths =", "sql_pats ="));
  match(misspelt.output, /WARN.*db\.seed\.sql_pats/);
  for (
    const [from, to] of [
      ["major_version = 17", "major_version = 3"],
      ['policy = "per_worker"', 'policy = "never"'],
      ["verify_jwt = false", 'verify_jwt = "sometimes"'],
      ["[api]", "[api"],
    ]
  ) {
    ok(config.includes(from), `config.toml has no ${from}`);
    const { code, output } = await deployWith(config.replace(from, to));
    equal(code, 1, `${to} was accepted: ${output}`);
    match(output, /config/);
  }
  await Deno.remove(folder, { recursive: true });
});
