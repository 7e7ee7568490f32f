/**
 * Where two values differ.
 *
 * @module
 */

/** A line for each place in which the model and the SQL say something else. */
export function differences(model: unknown, sql: unknown, place: string): string[] {
  if (isTree(model) && isTree(sql) && Array.isArray(model) === Array.isArray(sql)) {
    const [ours, theirs] = [model, sql] as Record<string, unknown>[];
    const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
    return [...keys].flatMap((key) => {
      const inner = Array.isArray(model) ? `${place}[${key}]` : `${place}.${key}`;
      return differences(ours[key], theirs[key], inner);
    });
  }
  if (Object.is(model, sql)) return [];
  return [`${place}: the model says ${told(model)}, the SQL ${told(sql)}`];
}

function isTree(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function told(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
