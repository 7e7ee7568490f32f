const WORDS = /\b(create|alter|drop|comment|grant|revoke|notify)\b/i;

/** Whether a statement may have changed tables or functions. A false alarm costs little. */
export function mayChangeSchema(sql: string): boolean {
  return WORDS.test(sql);
}
