import { fileURLToPath } from "node:url";
import { UsageError } from "../cli/failure.ts";
import { writePrivateFile } from "./private_file.ts";

/** Where a running local stack writes its address and keys, for every tool with `--env-file`. */
export const ENV_LOCAL = new URL("../.env.local", import.meta.url);

/**
 * The variables of a file; none if it does not exist.
 *
 * @throws {UsageError} for a file that a shell would read otherwise
 */
export async function readEnvFile(file: URL): Promise<Record<string, string>> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
  const path = fileURLToPath(file);
  if (text.startsWith("\uFEFF")) {
    throw new UsageError(`${path} begins with a byte order mark (BOM). Save it without one.`);
  }
  if (text.includes("\r\n")) {
    throw new UsageError(`${path} has Windows line endings (CRLF). Save it with LF.`);
  }
  return parseEnv(text);
}

/**
 * Reads `NAME=value`, one a line, as `process-queue.sh` does: a value in quotes ends at the closing
 * one, another at a comment, which is a `#` after white space.
 */
export function parseEnv(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    const [, double, single] = /^\s*(?:"([^"]*)"|'([^']*)')/.exec(value) ?? [];
    variables[name] = double ?? single ?? value.replace(/\s#.*$/, "").trim();
  }
  return variables;
}

/** Writes such a file, readable by its owner only, as it holds keys. */
export async function writeEnvFile(file: URL, variables: Record<string, string>): Promise<void> {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  await writePrivateFile(fileURLToPath(file), lines.join(""));
}
