/** The settings of Vertex AI, from the environment. */
import { address, credential, type Environment, optional, VariableError } from "../variable.ts";
import { base64Of, linesOf, parsePrivateKey, withRealLines } from "./private_key.ts";

/** Where Vertex AI is called, and as whom. */
export interface VertexSettings {
  /** A server instead of all of Google's; undefined for those. */
  baseUrl?: string;
  /** Undefined with an API key, which belongs to a project. */
  project?: Project;
  credentials: ServiceAccount | { apiKey: string };
}

/** The project that pays. */
export interface Project {
  id: string;
  /** Where it has its models run. */
  location: string;
}

/** A service account that gets its tokens by its key. */
export interface ServiceAccount {
  clientEmail: string;
  /** PKCS#8 in DER. */
  privateKey: Uint8Array<ArrayBuffer>;
  /** Where the tokens come from. */
  tokenUrl: string;
  /** The variable that has the key, for errors. */
  variable: string;
}

/** Source: https://developers.google.com/identity/protocols/oauth2/service-account */
export const TOKEN_URL = "https://oauth2.googleapis.com/token";

const DEFAULT_LOCATION = "us-central1";

/**
 * The settings; undefined when there are no credentials. A service account is preferred to an API key,
 * and its JSON to the same in single variables.
 *
 * @throws {VariableError} when a variable does not parse
 */
export function readVertexSettings(environment: Environment): VertexSettings | undefined {
  const baseUrl = address(environment, "GOOGLE_VERTEX_BASE_URL");
  const account = fromJson(environment) ?? fromVariables(environment);
  if (account) {
    const { projectId, ...credentials } = account;
    return { baseUrl, project: projectOf(environment, projectId), credentials };
  }
  const apiKey = credential(environment, "GOOGLE_VERTEX_API_KEY");
  return apiKey === undefined ? undefined : { baseUrl, credentials: { apiKey } };
}

/** What of the settings no text may show. */
export function vertexSecrets(settings: VertexSettings | undefined): string[] {
  if (!settings) return [];
  const { credentials } = settings;
  if ("apiKey" in credentials) return [credentials.apiKey];
  return [linesOf(base64Of(credentials.privateKey))];
}

/** The same from variables that may not parse. */
export function vertexSecretsIn(environment: Environment): string[] {
  const names = ["GOOGLE_VERTEX_API_KEY", "GOOGLE_PRIVATE_KEY", "GOOGLE_SERVICE_ACCOUNT_JSON"];
  const given = names.map((name) => optional(environment, name)).filter((it) => it !== undefined);
  // Base64 between two lines of dashes, and not the words in them.
  const parts = given.map(withRealLines)
    .flatMap((text) => text.split("-----").map((part) => part.trim()))
    .filter((part) => part.length > 40 && /^[A-Za-z0-9+/=\s]+$/.test(part));
  return [...given, ...parts.map(linesOf)];
}

type Account = ServiceAccount & { projectId?: string };

function fromJson(environment: Environment): Account | undefined {
  const variable = "GOOGLE_SERVICE_ACCOUNT_JSON";
  const text = optional(environment, variable);
  if (text === undefined) return undefined;
  const file = parseObject(text.replace(/^'([\s\S]*)'$/, "$1"));
  const { client_email, private_key, project_id, token_uri } = file ?? {};
  if (typeof client_email !== "string" || typeof private_key !== "string") {
    throw new VariableError(
      variable,
      "the JSON key of a service account, with client_email and private_key",
    );
  }
  return {
    clientEmail: checkEmail(client_email, variable),
    privateKey: parsePrivateKey(
      private_key,
      variable,
      "JSON with the private_key of a service account",
    ),
    tokenUrl: tokenUrlOf(environment, token_uri),
    variable,
    projectId: typeof project_id === "string" ? project_id : undefined,
  };
}

function fromVariables(environment: Environment): Account | undefined {
  const variable = "GOOGLE_PRIVATE_KEY";
  const clientEmail = optional(environment, "GOOGLE_CLIENT_EMAIL");
  const privateKey = optional(environment, variable);
  // Which of them is missing is told where a model of Vertex is left out.
  if (clientEmail === undefined || privateKey === undefined) return undefined;
  return {
    clientEmail: checkEmail(clientEmail, "GOOGLE_CLIENT_EMAIL"),
    privateKey: parsePrivateKey(privateKey, variable),
    tokenUrl: tokenUrlOf(environment),
    variable,
  };
}

/** `GOOGLE_TOKEN_URL` wins over what the JSON states, which Google writes into each. */
function tokenUrlOf(environment: Environment, stated?: unknown): string {
  const ofFile = typeof stated === "string" ? stated : undefined;
  return address(environment, "GOOGLE_TOKEN_URL") ??
    address(() => ofFile, "token_uri in GOOGLE_SERVICE_ACCOUNT_JSON") ?? TOKEN_URL;
}

function projectOf(environment: Environment, inFile: string | undefined): Project {
  const id = optional(environment, "GOOGLE_VERTEX_PROJECT") ?? inFile;
  if (id === undefined) {
    throw new VariableError("GOOGLE_VERTEX_PROJECT", "the id of a Google Cloud project", true);
  }
  if (!/^[a-z0-9][a-z0-9.:-]{0,62}$/.test(id)) {
    throw new VariableError(
      "GOOGLE_VERTEX_PROJECT",
      "the id of a Google Cloud project: small letters, digits and hyphens",
    );
  }
  const location = optional(environment, "GOOGLE_VERTEX_LOCATION") ?? DEFAULT_LOCATION;
  if (!isLocation(location)) {
    throw new VariableError(
      "GOOGLE_VERTEX_LOCATION",
      "a location of Vertex AI such as us-central1, or global",
    );
  }
  return { id, location };
}

/** Whether a text is of the form of a location, from which a host's name can be made. */
export function isLocation(text: string): boolean {
  return /^[a-z]{2,20}(-[a-z]{2,20}\d{1,2})?$/.test(text);
}

function checkEmail(text: string, variable: string): string {
  if (/^[\x21-\x7e]+@[\w.-]+$/.test(text)) return text;
  throw new VariableError(
    variable,
    "the address of a service account: NAME@PROJECT.iam.gserviceaccount.com",
  );
}

/** A JSON object, also one in whose texts a shell or an `.env` file has made line breaks of `\n`. */
function parseObject(text: string): Record<string, unknown> | undefined {
  const escaped = text.replace(
    /"(?:[^"\\]|\\.)*"/gs,
    (inside) => inside.replace(/\r?\n/g, "\\n"),
  );
  try {
    const value = JSON.parse(escaped);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
