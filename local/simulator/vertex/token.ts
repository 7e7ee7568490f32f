/**
 * POST /token, the token endpoint: a signed statement for an access token.
 * Errors as Google words them: https://developers.google.com/identity/protocols/oauth2/service-account
 * and RFC 6749, section 5.2.
 */
import { Buffer } from "node:buffer";
import { verify } from "node:crypto";
import { jsonResponse } from "../google_errors.ts";
import type { RequestContext } from "../state.ts";
import { serviceAccount } from "./service_account.ts";

const AUDIENCE = "https://oauth2.googleapis.com/token";
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** How far the clocks may be apart, and how long a statement may hold. Seconds. */
const SKEW = 300;
const LONGEST = 3600;

class TokenError extends Error {
  constructor(readonly error: string, readonly description: string, readonly status = 400) {
    super(description);
  }
}

export function issueToken({ state, request, body }: RequestContext): Response {
  try {
    const type = request.headers.get("content-type") ?? "";
    const form = new URLSearchParams(
      type.startsWith("application/x-www-form-urlencoded") ? body : "",
    );
    if (form.get("grant_type") !== GRANT) {
      throw new TokenError(
        "unsupported_grant_type",
        "Invalid grant_type: " + form.get("grant_type"),
      );
    }
    checkStatement(form.get("assertion") ?? "");
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return jsonResponse({ error: error.error, error_description: error.description }, error.status);
  }
  const token = `ya29.simulated-${crypto.randomUUID()}`;
  state.tokens.add(token);
  return jsonResponse({ access_token: token, expires_in: 3599, token_type: "Bearer" });
}

function checkStatement(statement: string): void {
  const parts = statement.split(".");
  const json = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  let header, claims;
  try {
    [header, claims] = parts.slice(0, 2).map(json);
  } catch {
    throw new TokenError("invalid_request", "Invalid JWT.");
  }
  const account = serviceAccount();
  if (claims.iss !== account.clientEmail) {
    throw new TokenError("invalid_grant", "Invalid grant: account not found");
  }
  const signed = new TextEncoder().encode(parts.slice(0, 2).join("."));
  const signature = Buffer.from(parts[2] ?? "", "base64url");
  if (header.alg !== "RS256" || !verify("sha256", signed, account.publicKey, signature)) {
    throw new TokenError("invalid_grant", "Invalid JWT Signature.");
  }
  if (claims.aud !== AUDIENCE) {
    throw new TokenError("invalid_grant", "Invalid JWT: Failed audience check.");
  }
  if (claims.scope !== SCOPE) {
    throw new TokenError("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
  }
  const now = Date.now() / 1000;
  const inTime = Math.abs(claims.iat - now) < SKEW && claims.exp > now &&
    claims.exp - claims.iat <= LONGEST;
  if (!inTime) {
    throw new TokenError(
      "invalid_grant",
      "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. " +
        "Check your iat and exp values in the JWT claim.",
    );
  }
}
