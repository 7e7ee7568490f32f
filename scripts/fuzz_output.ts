/** What libFuzzer says, for however long: its state, and the last lines besides. */

/** A stack trace with the input that led to it has some dozens. */
const MOST_LINES = 1000;

export interface FuzzOutput {
  /** The last line of its progress. */
  state: string;
  /** The last lines that are no progress. */
  lines: string[];
}

export async function readFuzzOutput(
  output: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<FuzzOutput> {
  const said: FuzzOutput = { state: "", lines: [] };
  const take = (line: string) => {
    if (/^#\d+\s+\w+\s+cov: \d+ ft: \d+ corp: \d+/.test(line)) said.state = line;
    else if (!/^#\d|NEW_FUNC/.test(line)) said.lines.push(line);
    if (said.lines.length > MOST_LINES) said.lines.shift();
  };
  let rest = "";
  for await (const piece of output.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    for (const line of lines) take(line);
  }
  if (rest) take(rest);
  return said;
}
