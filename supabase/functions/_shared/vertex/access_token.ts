/**
 * Access tokens of a service account: a signed statement of who it is, exchanged for a token of an hour.
 * Sources: https://developers.google.com/identity/protocols/oauth2/service-account#httprest (statement
 * and exchange), RFC 7523 (both), RFC 6749, section 5.2 (errors).
 */
import { KB, textOf } from "../bounded_body.ts";
import type { Send } from "../requests.ts";
import { base64Of } from "./private_key.ts";
import { type ServiceAccount, TOKEN_URL } from "./settings.ts";

/** The account cannot have a token. The message is for an operator, and names the remedy. */
export class AccountRefused extends Error {
  override name = "AccountRefused";
}

/** There is no token for now, so the request that needs it was not sent. */
export class NotSent extends Error {
  override name = "NotSent";
}

const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** How long a statement holds, and with it the token: the longest that Google allows. Seconds. */
const LIFETIME = 3600;
/** A token is renewed so long before it ends, so that none ends on its way. Milliseconds. */
const EARLY = 5 * 60_000;
/** How long the exchange may take. Milliseconds. */
const TIMEOUT = 15_000;
/** A token has some hundred bytes, and an explanation has no more. */
const MOST_BYTES = 64 * KB;
/** Explanations are shorter; a page of HTML is cut. */
const LONGEST_REASON = 300;

interface Token {
  text: string;
  /** When it is renewed, and when it ends. Milliseconds since the epoch. */
  renewAt: number;
  endsAt: number;
}

/** The tokens of one service account. Requests that need one at the same time share its exchange. */
export class TokenSource {
  #token?: Token;
  #exchange?: Promise<Token>;

  constructor(private readonly account: ServiceAccount) {}

  /**
   * A token that holds for a while.
   *
   * @throws {AccountRefused} {@link NotSent}
   */
  async get(send: Send): Promise<string> {
    const now = Date.now();
    if (this.#token && now < this.#token.renewAt) return this.#token.text;
    try {
      return (await this.#renewed(send)).text;
    } catch (error) {
      // The old one still serves while the endpoint has trouble.
      if (error instanceof NotSent && this.#token && now < this.#token.endsAt) {
        return this.#token.text;
      }
      throw error;
    }
  }

  /** Forgets a token that was refused, unless another request has renewed it already. */
  forget(refused: string): void {
    if (this.#token?.text === refused) this.#token = undefined;
  }

  #renewed(send: Send): Promise<Token> {
    this.#exchange ??= exchange(this.account, send)
      .then((token) => this.#token = token)
      .finally(() => this.#exchange = undefined);
    return this.#exchange;
  }
}

const sources = new Map<string, TokenSource>();

/** The tokens of an account, which all runs of the isolate share. */
export function tokenSource(account: ServiceAccount): TokenSource {
  const { clientEmail, privateKey, tokenUrl } = account;
  const id = JSON.stringify([clientEmail, base64Of(privateKey), tokenUrl]);
  const source = sources.get(id) ?? new TokenSource(account);
  sources.set(id, source);
  return source;
}

async function exchange(account: ServiceAccount, send: Send): Promise<Token> {
  const assertion = await sign(account);
  const request = {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ grant_type: GRANT, assertion }),
    redirect: "manual" as const,
    signal: AbortSignal.timeout(TIMEOUT),
  };
  const asked = Date.now();
  let status, text;
  try {
    const response = await send(account.tokenUrl, request);
    status = response.status;
    text = await textOf(response, MOST_BYTES);
  } catch (error) {
    throw new NotSent(`Google's token endpoint did not answer: ${(error as Error).message}`);
  }
  const { access_token, expires_in, error, error_description } = parseObject(text);
  const isToken = typeof access_token === "string" && /^[\x21-\x7e]+$/.test(access_token);
  if (status !== 200 || !isToken) {
    // A page is that of a proxy, and says nothing of the key.
    const isOfKey = typeof error === "string" && error !== "temporarily_unavailable";
    if (!isOfKey || status === 408 || status === 429 || status >= 500) {
      throw new NotSent(
        `Google's token endpoint answered ${status} without a token: check what is on the way to it, ` +
          "and GOOGLE_TOKEN_URL if it is set",
      );
    }
    throw refused(account, status, error, error_description);
  }
  const lifetime = 1000 * (typeof expires_in === "number" ? expires_in : LIFETIME);
  const renewAt = asked + Math.max(lifetime - EARLY, lifetime / 2);
  return { text: access_token, renewAt, endsAt: asked + lifetime };
}

/** The signed statement: a JWT with RS256. */
async function sign({ clientEmail, privateKey, variable }: ServiceAccount): Promise<string> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: clientEmail, scope: SCOPE, aud: TOKEN_URL, iat, exp: iat + LIFETIME };
  const encoder = new TextEncoder();
  const parts = [{ alg: "RS256", typ: "JWT" }, claims].map((part) =>
    base64Url(encoder.encode(JSON.stringify(part)))
  );
  const unsigned = parts.join(".");
  try {
    const key = await crypto.subtle.importKey("pkcs8", privateKey, algorithm, false, ["sign"]);
    const signature = await crypto.subtle.sign(algorithm.name, key, encoder.encode(unsigned));
    return `${unsigned}.${base64Url(new Uint8Array(signature))}`;
  } catch {
    // Whatever the engine says could be about the key's content.
    throw new AccountRefused(`the private key in ${variable} cannot sign: create a new key`);
  }
}

/** What to do about each error, as the endpoint words it. */
const REMEDIES: [error: RegExp, words: RegExp, remedy: string][] = [
  [
    /invalid_grant/,
    /iat|exp|time ?frame|clock/i,
    "the worker's clock differs from Google's by minutes: set the clock of the host",
  ],
  [
    /invalid_grant/,
    /signature/i,
    "the key does not belong to the account, or was deleted: create a new key and set it",
  ],
  [
    /invalid_grant/,
    /account|not found|disabled|email/i,
    "the service account was deleted or disabled: enable it, or create another one with a key",
  ],
  [
    /invalid_grant|invalid_client|unauthorized_client|deleted_client|disabled_client/,
    /(?:)/,
    "create a new key of the service account and set it",
  ],
  [
    /(?:)/,
    /(?:)/,
    "check GOOGLE_CLIENT_EMAIL, GOOGLE_PRIVATE_KEY and, if it is set, GOOGLE_TOKEN_URL",
  ],
];

function refused(
  { variable }: ServiceAccount,
  status: number,
  error: unknown,
  description: unknown,
): AccountRefused {
  const said = [error, description].filter((text) => typeof text === "string") as string[];
  const words = said.join(": ").slice(0, LONGEST_REASON) || "without a reason that can be read";
  const [, , remedy] = REMEDIES.find(([kind, about]) =>
    kind.test(said[0] ?? "") && about.test(said[1] ?? "")
  )!;
  return new AccountRefused(
    `Google gives the service account of ${variable} no token (${status}, ${words}): ${remedy}`,
  );
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function base64Url(bytes: Uint8Array): string {
  return base64Of(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
