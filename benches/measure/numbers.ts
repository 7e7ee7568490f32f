/** Numbers, summed up and written. */

export const MB = 1024 * 1024;

export function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Three digits that count: 0.61, 10.7, 166. */
export function short(number: number): string {
  const digits = number >= 100 ? 0 : number >= 10 ? 1 : 2;
  return number.toFixed(digits);
}

/** Answers every cell of a round, round by round, so that all see the same weather. */
export async function interleaved<T>(
  rounds: number,
  cells: T[],
  measure: (cell: T) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const cell of cells) await measure(cell);
  }
}
