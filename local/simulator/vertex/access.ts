/** Who may use a path of Vertex AI: a caller with a token, in the project of its account. */
import { ApiError } from "../google_errors.ts";
import type { RequestContext } from "../state.ts";
import { PROJECT } from "./service_account.ts";

const INFO = "type.googleapis.com/google.rpc.ErrorInfo";

/** Throws Google's answer to a request without a valid token, or the API key of express mode. */
export function requireToken({ record }: RequestContext): void {
  if (record.key === "token" || record.key === "header") return;
  const [message, reason] = record.key === "none"
    ? [
      "Request is missing required authentication credential. Expected OAuth 2 access token, login " +
      "cookie or other valid authentication credential.",
      "CREDENTIALS_MISSING",
    ]
    : [
      "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie " +
      "or other valid authentication credential.",
      "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    ];
  throw new ApiError(401, "UNAUTHENTICATED", message, [
    { "@type": INFO, reason, domain: "googleapis.com" },
  ]);
}

/** Throws unless the account may use a resource of this project. */
export function requireProject(resource: string): void {
  const project = /^projects\/([^/]+)\//.exec(resource)?.[1];
  if (project === undefined || project === PROJECT) return;
  const permission = "aiplatform.endpoints.predict";
  throw new ApiError(
    403,
    "PERMISSION_DENIED",
    `Permission '${permission}' denied on resource '//aiplatform.googleapis.com/${resource}' (or ` +
      "it may not exist).",
    [{
      "@type": INFO,
      reason: "IAM_PERMISSION_DENIED",
      domain: "aiplatform.googleapis.com",
      metadata: { permission, resource },
    }],
  );
}
