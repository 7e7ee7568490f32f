/**
 * Asks until there is an answer, and gives it. What never comes fails a test instead of holding it up.
 *
 * @throws that `what` has not happened, after `seconds`.
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  seconds = 60,
): Promise<T> {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await new Promise((turn) => setTimeout(turn, 10));
  }
  throw new Error(`has not happened within ${seconds} s: ${what}`);
}
