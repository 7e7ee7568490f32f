/** How many lines are kept in memory. */
const KEPT = 5000;

/** What a function wrote to its output, also after it was restarted. */
export class FunctionLog {
  readonly lines: string[] = [];
  readonly #file: Deno.FsFile | undefined;

  /** With a file, every line is also appended to it. */
  constructor(file?: string) {
    this.#file = file === undefined
      ? undefined
      : Deno.openSync(file, { append: true, create: true });
  }

  add(line: string): void {
    this.lines.push(line);
    if (this.lines.length > KEPT) this.lines.shift();
    this.#file?.writeSync(new TextEncoder().encode(line + "\n"));
  }

  close(): void {
    this.#file?.close();
  }
}

/** Calls `use` for every line of a stream, and for what follows the last line break. */
export async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  use: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(use);
  }
  if (rest !== "") use(rest);
}
