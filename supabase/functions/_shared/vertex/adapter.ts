/** The adapter of Vertex AI. */
import type { Adapter } from "../core.ts";
import type { KnownSecrets } from "../known_secrets.ts";
import { coreHeaders, type Send, withCredentials, withoutSecrets } from "../requests.ts";
import { AccountRefused, tokenSource } from "./access_token.ts";
import { vertexAddress, vertexUrl } from "./address.ts";
import { repeatableBody } from "./repeatable_body.ts";
import type { ServiceAccount, VertexSettings } from "./settings.ts";

/**
 * Adds an access token, or the API key, to requests to Vertex AI and to objects of Cloud Storage, and
 * to no others. Where there can be no token it answers itself, 401 in Google's form, and sends nothing.
 */
export function vertexAdapter(
  settings: VertexSettings | undefined,
  secrets: KnownSecrets,
  send: Send,
): Adapter {
  const unsigned = withCredentials({});
  return {
    url: vertexUrl(settings),
    async fetch(target, init) {
      if (!settings) {
        return unauthenticated(
          "its credentials are not set: expected GOOGLE_SERVICE_ACCOUNT_JSON, or " +
            "GOOGLE_VERTEX_PROJECT, GOOGLE_CLIENT_EMAIL and GOOGLE_PRIVATE_KEY",
        );
      }
      const address = vertexAddress(settings, target);
      if (address === undefined) {
        return withoutSecrets(secrets, await send(target, unsigned(init)));
      }
      const sendWith = await sender(address, init, send);
      const { credentials } = settings;
      try {
        const response = "apiKey" in credentials
          ? await sendWith({ "x-goog-api-key": credentials.apiKey })
          : await withToken(credentials, sendWith, secrets, send);
        return withoutSecrets(secrets, response);
      } catch (error) {
        if (error instanceof AccountRefused) return unauthenticated(secrets.hide(error.message));
        throw error;
      }
    },
  };
}

/** Sends the same request with some credentials. */
type SendWith = (credentials: Record<string, string>) => Promise<Response>;

/** Sends equal requests with other credentials. No connection is kept: see `googleHeaders`. */
async function sender(address: string, init: RequestInit, send: Send): Promise<SendWith> {
  const core = coreHeaders(init.headers);
  const body = await repeatableBody(init.body);
  return (credentials) => {
    const headers = { ...credentials, connection: "close", ...core };
    return send(address, { ...init, headers, body: body(), redirect: "manual" });
  };
}

/** Sends with a token; once more with a new one where Google does not accept it. */
async function withToken(
  account: ServiceAccount,
  sendWith: SendWith,
  secrets: KnownSecrets,
  send: Send,
): Promise<Response> {
  const tokens = tokenSource(account);
  const attempt = async () => {
    const token = await tokens.get(send);
    secrets.add(token);
    const response = await sendWith({ authorization: `Bearer ${token}` });
    if (response.status === 401) tokens.forget(token);
    return response;
  };
  const first = await attempt();
  if (first.status !== 401) return first;
  await first.body?.cancel();
  return await attempt();
}

function unauthenticated(message: string): Response {
  const error = { code: 401, status: "UNAUTHENTICATED", message };
  return Response.json({ error }, { status: 401 });
}
