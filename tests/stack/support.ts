import { join } from "node:path";
import { type Stack, type StackOptions, startStack } from "../../local/stack/mod.ts";

/** A project folder with small functions of our own instead of the real ones. */
export async function projectWith(functions: Record<string, string>): Promise<string> {
  const project = await Deno.makeTempDir({ prefix: "project-" });
  for (const [name, source] of Object.entries(functions)) {
    const folder = join(project, "supabase", "functions", name);
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "index.ts"), source);
  }
  await Deno.mkdir(join(project, "supabase", "functions"), { recursive: true });
  return project;
}

export function functionsOf(project: string): string {
  return join(project, "supabase", "functions");
}

/** A temporary stack, without functions by default. */
export function smallStack(options: StackOptions = {}): Promise<Stack> {
  return startStack({ functionsRoot: false, ...options });
}

export interface Reply {
  status: number;
  // deno-lint-ignore no-explicit-any
  body: any;
  headers: Headers;
}

export async function send(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json");
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
}

export function postJson(url: string, body: unknown, headers: HeadersInit): Promise<Reply> {
  return send(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
}
