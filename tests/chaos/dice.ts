import { hash, randomFrom } from "../../local/simulator/drawing/random.ts";

/** Repeatable chance: the same seed gives the same numbers. */
export class Dice {
  readonly #next: () => number;

  constructor(seed: string) {
    this.#next = randomFrom(hash(seed));
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** A number from `least` up to `most`. */
  between(least: number, most: number): number {
    return least + this.#next() * (most - least);
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#next() * list.length)];
  }

  /** One of the names, each as often as its weight says. */
  weighted<T extends string>(weights: Partial<Record<T, number>>): T {
    const entries = Object.entries(weights) as [T, number][];
    let left = this.#next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return entries[entries.length - 1][0];
  }
}
