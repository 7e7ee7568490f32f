/**
 * `bigint` and `numeric` as the numbers that PostgREST has in JSON; one with more digits than a number
 * here can hold stays a text. `0.390000` is 0.39: the zeros at its end say nothing.
 */
export function numberIfExact(text: string): number | string {
  const number = Number(text);
  const shortest = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return String(number) === shortest ? number : text;
}
