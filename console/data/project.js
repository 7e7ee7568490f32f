// @ts-check
/** The client of a project: its Data API and its functions. */
import { formatOf, HEAD, unusable } from "../model/picture.js";

/**
 * @typedef {{ url: string, key?: string, project?: string, realtime?: boolean }} Session
 *   key: absent where the server of this page adds it. project: the address of the project itself, where another
 *   server stands between. realtime: whether that server passes Realtime on.
 */

/** What went wrong, and what to do about it. */
export class Problem extends Error {
  /**
   * @param {"unreachable" | "unanswered" | "key" | "migrations" | "refused"} kind
   * @param {string} message
   * @param {string} remedy
   */
  constructor(kind, message, remedy) {
    super(message);
    this.kind = kind;
    this.remedy = remedy;
  }
}

/** What went wrong, and what to do about it, as a text. @param {unknown} problem */
export function wordsOf(problem) {
  const { message } = /** @type {Error} */ (problem);
  return problem instanceof Problem ? `${message} ${problem.remedy}`.trimEnd() : message;
}

/** In milliseconds. */
const LONGEST_CALL = 30_000;
/** A picture of 20 MB on a line of 1 Mbit/s. */
const LONGEST_UPLOAD = 180_000;

export class Project {
  /** @param {Session} session */
  constructor({ url, key, project, realtime = false }) {
    this.url = url.replace(/\/+$/, "");
    this.key = key;
    this.name = project?.replace(/\/+$/, "") ?? this.url;
    this.realtime = realtime;
  }

  /**
   * The rows of a table or view.
   *
   * @param {string} name
   * @param {Record<string, string>} query as PostgREST takes it
   * @returns {Promise<any[]>}
   */
  rows(name, query = {}) {
    return this.#ask("GET", `/rest/v1/${name}?${new URLSearchParams(query)}`);
  }

  /**
   * Calls a database function.
   *
   * @param {string} name
   * @param {Record<string, unknown>} args
   */
  call(name, args = {}) {
    return this.#ask("POST", `/rest/v1/rpc/${name}`, args);
  }

  /**
   * Writes rows of a table.
   *
   * @param {"POST" | "PATCH" | "DELETE"} method
   * @param {string} name
   * @param {Record<string, string>} query
   * @param {unknown} [body]
   */
  write(method, name, query, body) {
    return this.#ask(method, `/rest/v1/${name}?${new URLSearchParams(query)}`, body);
  }

  /** Has a function process its queue, without waiting for it. @param {"image" | "video"} kind */
  run(kind) {
    const path = `/functions/v1/process-${kind}-generation`;
    return this.#ask("POST", path, {}, { prefer: "respond-async" });
  }

  /**
   * Stores a picture of the operator's own, to be a source. What can be none is not sent: anyone can read what is there.
   *
   * @param {string} storyboard
   * @param {File} file
   * @returns {Promise<string>} its public address
   */
  async upload(storyboard, file) {
    const format = formatOf(await headOf(file));
    const fault = unusable(file, format);
    if (fault) throw new Problem("refused", fault, "");
    const object = `storyboard-images/${
      encodeURIComponent(storyboard)
    }/sources/${crypto.randomUUID()}.${format}`;
    const type = { "content-type": `image/${format}` };
    await this.#ask("POST", `/storage/v1/object/${object}`, file, type);
    return `${this.name}/storage/v1/object/public/${object}`;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body] a file as it is, anything else as JSON
   * @param {Record<string, string>} [headers]
   */
  async #ask(method, path, body, headers = {}) {
    let response, text;
    const longest = body instanceof Blob ? LONGEST_UPLOAD : LONGEST_CALL;
    try {
      response = await fetch(this.url + path, {
        method,
        headers: { ...this.#credentials(), "content-type": "application/json", ...headers },
        body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
        cache: "no-store",
        signal: AbortSignal.timeout(longest),
      });
      text = await response.text();
    } catch (error) {
      const isLate = /** @type {Error} */ (error).name === "TimeoutError";
      throw isLate ? unanswered(this.name, longest) : unreachable(this.name);
    }
    const answer = parsed(text);
    if (!response.ok) throw refusal(response.status, answer, path);
    if (text && answer === undefined) throw notApi(this.name);
    return answer ?? null;
  }

  /** The new keys are not JWTs, and are refused as a bearer token. @returns {Record<string, string>} */
  #credentials() {
    if (!this.key) return {};
    if (this.key.startsWith("sb_")) return { apikey: this.key };
    return { apikey: this.key, authorization: `Bearer ${this.key}` };
  }
}

/** The first bytes of a file. @param {File} file */
async function headOf(file) {
  try {
    return new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  } catch {
    // A folder, or a file that has been taken away.
    throw new Problem("refused", `${file.name} cannot be read.`, "Expected a file of a picture.");
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {string} name */
function unreachable(name) {
  return new Problem(
    "unreachable",
    `${name} cannot be reached.`,
    "Check the address and your connection. A free project pauses after a quiet week: restore it in " +
      "Supabase's dashboard. A local stack has to run: deno task start.",
  );
}

/** @param {string} name @param {number} longest */
function unanswered(name, longest) {
  return new Problem(
    "unanswered",
    `${name} has not answered within ${longest / 1000} s.`,
    "What was asked of it may have been done all the same: look before you try again.",
  );
}

/** @param {string} name */
function notApi(name) {
  return new Problem(
    "unreachable",
    `${name} does not answer as a project does.`,
    "Is this the API URL of a project? It looks like https://YOUR_PROJECT.supabase.co.",
  );
}

/** PostgREST or PostgreSQL knows no such function, table, view or column. */
const MISSING = ["PGRST202", "PGRST205", "42883", "42P01", "42703"];

/**
 * @param {number} status
 * @param {any} answer
 * @param {string} path
 */
function refusal(status, answer, path) {
  const words = answer?.detail ?? answer?.message ?? answer?.msg ?? `status ${status}`;
  if (MISSING.includes(answer?.code)) {
    return new Problem(
      "migrations",
      `This project lacks what the console reads (${words}).`,
      "Apply the migrations of the version that this console is from: supabase db push.",
    );
  }
  if (status === 401 || status === 403 || answer?.code === "42501") {
    return new Problem(
      "key",
      `The project refused the key (${words}).`,
      "It takes the service_role key, which is under API Keys in the project's settings; not the publishable or anon " +
        "key. Secret keys (sb_secret_…) are refused from browsers: for those, start the console with " +
        "deno task console --env-file .env, which keeps the key out of the browser.",
    );
  }
  if (status === 404 && path.startsWith("/functions/")) {
    return new Problem(
      "refused",
      "The function is not deployed.",
      "Deploy it: supabase functions deploy process-image-generation process-video-generation.",
    );
  }
  if (status >= 502 && status <= 504) return unreachable("The project");
  return new Problem("refused", `${words}`, answer?.hint ?? "");
}
