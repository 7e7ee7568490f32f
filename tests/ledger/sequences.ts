/**
 * The sequences of calls that `main.rs` makes, with what the simulation's model says to them.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** One call, or what people and time do besides. */
export interface Step {
  /** The function's name, or what happens. */
  does: string;
  /** The arguments by their names. */
  with: Record<string, unknown>;
  /** What is answered. */
  answer: unknown;
  /** What the tables hold afterwards. */
  state: unknown;
}

/** What one seed gives. */
export interface Sequence {
  seed: number;
  steps: Step[];
}

/**
 * Has the model play sequences, one after the other as they are read: those that the environment
 * asks for (see `main.rs`), or the usual ones.
 *
 * @throws an error if they cannot be built, or do not reach every kind of answer.
 */
export async function* sequences(): AsyncGenerator<Sequence> {
  const child = new Deno.Command("cargo", {
    args: [
      ...["test", "--locked", "--quiet", "--test", "ledger"],
      ...["sequences_reach_every_kind_of_answer", "--", "--nocapture"],
    ],
    cwd: ROOT,
    stdout: "piped",
  }).spawn();
  // Between the sequences stands what the test harness says.
  for await (const line of lines(child.stdout)) {
    if (line.startsWith("{")) yield JSON.parse(line);
  }
  if (!(await child.status).success) throw new Error("cargo test --test ledger failed, see above");
}

async function* lines(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let begun = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const [first, ...others] = text.split("\n");
    begun += first;
    for (const line of others) {
      yield begun;
      begun = line;
    }
  }
}
