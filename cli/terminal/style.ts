/** Escape sequences, or nothing where the output is no terminal. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  /** The address as a link that terminals can open. */
  link(url: string): string;
}

/** `interactive`: the output is a terminal that takes colours (https://no-color.org). */
export function style(interactive: boolean): Style {
  const sgr = (code: number) => (text: string) =>
    interactive ? `\x1b[${code}m${text}\x1b[0m` : text;
  return {
    bold: sgr(1),
    dim: sgr(2),
    green: sgr(32),
    red: sgr(31),
    yellow: sgr(33),
    link: (url) => interactive ? `\x1b]8;;${url}\x1b\\${url}\x1b]8;;\x1b\\` : url,
  };
}

/** Shows the cursor, which a live table hides, before the process exits. */
export function restoreCursor(): void {
  if (!Deno.stdout.isTerminal()) return;
  try {
    Deno.stdout.writeSync(new TextEncoder().encode("\x1b[?25h"));
  } catch {
    // The terminal has gone away.
  }
}
