/** The page on a static host: what the task writes, under the policy that docs/console.md asks for. */
import assert from "node:assert/strict";
import { extname, join } from "node:path";
import { serve } from "../support/loopback.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

export interface StaticHost extends AsyncDisposable {
  url: string;
}

/** Serves the page for the project with an address. */
export async function staticHost(project: string): Promise<StaticHost> {
  const folder = await Deno.makeTempDir({ prefix: "page-" });
  await write(folder);
  const policy = await policyFor(project);
  const server = serve(async ({ url }) => {
    const { pathname } = new URL(url);
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    const bytes = await Deno.readFile(join(folder, name)).catch(() => undefined);
    if (!bytes) return new Response("Not Found", { status: 404 });
    const headers = { "content-type": TYPES[extname(name)], "content-security-policy": policy };
    return new Response(bytes, { headers });
  });
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function write(folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "local/console.ts", "--out", folder],
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** The policy of the docs. A local stack has no HTTPS, so its images and videos are named as well. */
async function policyFor(project: string): Promise<string> {
  const page = await Deno.readTextFile(new URL("../../docs/console.md", import.meta.url));
  const [, policy] = /^Content-Security-Policy: (.*)$/m.exec(page)!;
  assert.match(policy, /connect-src 'self' https:\/\/YOUR_PROJECT\.supabase\.co;/);
  return policy.replace("https://YOUR_PROJECT.supabase.co", project)
    .replaceAll(" https:;", ` https: ${project};`);
}
