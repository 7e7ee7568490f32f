/** Shows the cursor again, which a table that is drawn over itself hides. For before an exit. */
export function restoreCursor(): void {
  if (!Deno.stdout.isTerminal()) return;
  try {
    Deno.stdout.writeSync(new TextEncoder().encode("\x1b[?25h"));
  } catch {
    // The terminal has gone away.
  }
}
