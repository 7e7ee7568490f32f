/** Rust's programs, which a machine may lack. */
import { UsageError } from "../cli/failure.ts";

export const RUST_HELP =
  "Rust is missing: install it with rustup (https://rustup.rs), then run this again.";

/** @throws {UsageError} that says what to install. */
export function startRust(
  program: "cargo" | "rustc",
  options: Deno.CommandOptions,
): Deno.ChildProcess {
  try {
    return new Deno.Command(program, options).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError(RUST_HELP);
  }
}
