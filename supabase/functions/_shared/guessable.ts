/** Recognises secrets that are known to everyone, or that a person typed without a thought. */

/** The order of characters on a keyboard, in rows, from row to row and in columns, in numbers and in the alphabet. */
const ORDERS =
  "1234567890 0123456789 abcdefghijklmnopqrstuvwxyz qwertyuiop asdfghjkl zxcvbnm qwertzuiop " +
  "1q2w3e4r5t6y7u8i9o0p 1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p";

/** The secret key of the stack that the Supabase CLI starts on every machine. */
const LOCAL_SECRET_KEY = "sb_secret_N7UND0Ug";

/**
 * Whether a secret that a person chose can be guessed: it is a key that Supabase ships to everyone,
 * consists of digits alone, or of neighbours (`qwertyuiop123456`).
 */
export function isGuessable(secret: string): boolean {
  if (secret.startsWith(LOCAL_SECRET_KEY) || isDemoKey(secret) || /^\d+$/.test(secret)) return true;
  const pairs = [...secret.toLowerCase()].slice(1).map((to, at) => secret[at].toLowerCase() + to);
  const neighbours = pairs.filter(([from, to]) =>
    ORDERS.includes(from + to) || ORDERS.includes(to + from) || from === to
  );
  return neighbours.length > pairs.length * 0.75;
}

/** Whether it is one of the JWT keys of Supabase's examples, whichever role and end it has. */
function isDemoKey(secret: string): boolean {
  try {
    const payload = secret.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(payload)).iss === "supabase-demo";
  } catch {
    return false;
  }
}
