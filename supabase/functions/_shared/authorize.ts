/**
 * Decides who may start a run.
 *
 * The functions run with `verify_jwt = false`: the platform's check accepts the publishable key,
 * which is part of every web page, so it keeps no caller out. This check compares the caller's token
 * with the secrets that the function knows, in constant time, and refuses everything else.
 */
import type { Credentials } from "./credentials.ts";

/** The answer to a caller; a refusal says what to do, and nothing about the keys. */
type Verdict = { allowed: true } | { allowed: false; detail: string };

/** Longer tokens are refused unread: no key of Supabase is nearly as long. */
const LONGEST_TOKEN = 8192;

/**
 * Decides on the headers of a request.
 *
 * A token counts wherever Supabase's clients put one: `Authorization: Bearer <token>` and
 * `apikey: <token>`. One accepted token is enough, because clients send the publishable key as
 * `apikey` beside the bearer token that matters.
 */
export function authorize(headers: Headers, credentials: Credentials): Verdict {
  const tokens = presentedTokens(headers);
  if (credentials.secret.length === 0 && !credentials.allowPublicTrigger) {
    return refused(
      "This function knows no key, so it refuses every caller. Set WORKER_SECRET, or check that " +
        "the project's keys are passed to it.",
    );
  }
  if (tokens.length === 0) {
    return refused(
      "Send a secret key of the project, or WORKER_SECRET, as `Authorization: Bearer …` or " +
        "`apikey: …`.",
    );
  }

  const encoder = new TextEncoder();
  const bytesOf = (text: string) => encoder.encode(text);
  const secret = credentials.secret.map(bytesOf);
  const published = credentials.public.map(bytesOf);
  let accepted = false;
  let isPublic = false;
  for (const presented of tokens.map(bytesOf)) {
    const isKnown = contains(secret, presented);
    const isPublished = contains(published, presented);
    // A key that is public is no secret, even if it is also the WORKER_SECRET.
    if (isPublished ? credentials.allowPublicTrigger : isKnown) accepted = true;
    if (isPublished) isPublic = true;
  }
  if (accepted) return { allowed: true };
  return refused(
    isPublic
      ? "The anon or publishable key may not start a run. Send a secret key, or set " +
        "ALLOW_PUBLIC_TRIGGER=true if every caller may."
      : "The key that was sent is not one of this project's secret keys.",
  );
}

function presentedTokens(headers: Headers): string[] {
  // `Headers` has already removed the white space around a value; what `trim` would remove besides
  // is part of the token.
  const bearer = /^bearer[ \t]+(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const apikey = headers.get("apikey");
  return [bearer, apikey].filter((token) => token && token.length <= LONGEST_TOKEN) as string[];
}

/**
 * Whether `wanted` is among `known`. As many bytes of each key are compared as were sent, from its beginning
 * again where it is shorter: the time that it takes does not depend on how much of a key was right, or how
 * long it is. (Digests would do as well, but the first of a worker take a millisecond.)
 */
export function contains(known: ArrayLike<number>[], wanted: ArrayLike<number>): boolean {
  let found = 0;
  for (const key of known) {
    let difference = key.length ^ wanted.length;
    for (let i = 0; i < wanted.length; i++) difference |= key[i % key.length] ^ wanted[i];
    found |= Number(difference === 0);
  }
  return found === 1;
}

function refused(detail: string): Verdict {
  return { allowed: false, detail };
}
