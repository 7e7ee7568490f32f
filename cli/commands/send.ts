/** What the sending commands share: flags, the check of messages, and sending. */
import { type Link, linkText, withoutRow } from "../../console/model/links.js";
import { queueOf } from "../../console/model/queue.js";
import type { Estimate } from "../../pkg/generation_queue.js";
import type { Json } from "../../supabase/database.types.ts";
import { type Api, LostReply, objects, quoted } from "../api.ts";
import { costLine, modelsFor } from "../cost.ts";
import { EXIT, RemoteError, UsageError } from "../failure.ts";
import { type Flag, otherwise, text, url, urls, type Values, yesOrNo } from "../flag.ts";
import type { Standing } from "../figures.ts";
import { follow, progressFor } from "../follow.ts";
import type { Job, Kind } from "../jobs.ts";
import type { Core, Session } from "../session.ts";

/** A message as it is put on the queue. */
export type Message = Record<string, unknown>;

/** A message before its check; `label` is its place in a file. */
export interface Entry {
  label?: string;
  message: unknown;
}

/** The default storyboard. */
export const DEFAULT_STORYBOARD = "storyboard-001";

/** A flag that fills a field of the message. */
export function field<T>(name: string, flag: Flag<T>): Flag<T> & { field: string } {
  return { ...flag, field: name };
}

/**
 * A flag whose text means a value of JSON where it matches `form`. Any other stays as it is: the core's
 * validation says what was expected.
 */
function literal(value: string, form: RegExp, help: string): Flag<unknown> {
  const flag = text(value, help);
  const read = (given: string[]) => {
    const text = flag.read(given);
    return text !== undefined && form.test(text) ? JSON.parse(text) : text;
  };
  return { ...flag, read };
}

function numeral(help: string): Flag<unknown> {
  return literal("N", /^-?(0|[1-9]\d*)$/, help);
}

/** The flags of every command that sends. */
export const SENDING = {
  "idempotency-key": text(
    "KEY",
    "send once: repeated with the same key, it answers the same job and sends nothing",
  ),
  wait: yesOrNo("show progress until each job has ended; exit code 0 only if all succeeded"),
  json: yesOrNo("print one JSON document: what was sent and, with --wait, how it ended"),
};

/** The flags of every command that sends one job. */
export const JOB_FLAGS = {
  storyboard: field(
    "storyboardId",
    otherwise(text("ID", "the storyboard of the job"), DEFAULT_STORYBOARD),
  ),
  scene: field("sceneId", text("ID", "the scene that gets the URL of the asset")),
  character: field("characterId", text("ID", "the character that gets the URL of the asset")),
  owner: field(
    "owner",
    text("ID", "the user or tenant that the job belongs to (docs/database.md)"),
  ),
  model: field(
    "model",
    text("NAME", "one of the configured models (default: the first that can do it)"),
  ),
  seed: field("seed", numeral("the same number gives about the same result again")),
  priority: field("priority", numeral("-100 to 100; jobs with a higher one go first (default: 0)")),
  webhook: field(
    "webhookUrl",
    url("called when the job has ended (docs/webhooks.md)", "https://hooks.example.com/generation"),
  ),
};

export const IMAGE_FLAGS = {
  aspect: field(
    "aspectRatio",
    text("R", "1:1, 16:9, 9:16, 4:3, 3:4 and others (default: the source's shape, or a square)"),
  ),
  size: field(
    "imageSize",
    text("S", "512, 1K, 2K or 4K, for models that have sizes (default: 1K)"),
  ),
};

export const VIDEO_FLAGS = {
  source: field("sourceImageUrl", urls("the image that the video starts from")),
  "last-frame": field(
    "lastFrameUrl",
    url("the image that the video ends with; needs --source"),
  ),
  reference: field(
    "referenceImageUrls",
    urls("how a person or thing looks; may be repeated; not with --source"),
  ),
  negative: field("negativePrompt", text("TEXT", "what must not be seen")),
  person: field("personGeneration", text("WHO", "allow_all, allow_adult or dont_allow")),
  duration: field(
    "durationSeconds",
    text("N", "3 to 15 seconds, as the model can (default: 8; Veo: 4, 6 or 8)"),
  ),
  aspect: field("aspectRatio", text("R", "16:9 or 9:16 (default: 16:9)")),
  resolution: field(
    "resolution",
    text("R", "360p, 720p, 1080p or 4k, as the model can (default: 720p)"),
  ),
  audio: field(
    "generateAudio",
    literal("true|false", /^(true|false)$/, "with sound or without; Veo on Vertex AI alone"),
  ),
};

type FieldFlags = Record<string, Flag<unknown> & { field?: string }>;

/** The message that the prompt and the flags describe. */
function messageOf<F extends FieldFlags>(
  prompt: string,
  flags: F,
  values: Values<F>,
): Message {
  const message: Message = { storyboardId: undefined, prompt };
  for (const [name, { field }] of Object.entries(flags)) {
    const value = values[name];
    if (!field || value === undefined) continue;
    const isOneSource = field === "sourceImageUrl" && Array.isArray(value);
    if (!isOneSource) message[field] = value;
    else if (value.length === 1) message.sourceImageUrl = value[0];
    else message.sourceImageUrls = value;
  }
  return message;
}

/** The name of a field at the command line: its flag. */
function byFlag(flags: FieldFlags): (field: string) => string {
  return (field) => {
    const name = field.replace(/\[\d+\]$/, "").replace("sourceImageUrls", "sourceImageUrl");
    const flag = Object.entries(flags).find(([, flag]) => flag.field === name)?.[0];
    return flag ? `--${flag} (${field})` : field;
  };
}

/** Runs a command that sends one job; `fixed` are fields that it always sets. */
export function sendOne<F extends FieldFlags & typeof SENDING>(
  kind: Kind,
  flags: F,
  fixed: Message = {},
) {
  return (prompt: string, values: Values<F>, session: Session) => {
    const message = { ...messageOf(prompt, flags, values), ...fixed };
    const { "idempotency-key": key, wait, json } = values as Values<typeof SENDING>;
    return send({ kind, entries: [{ message }], nameOf: byFlag(flags), key, wait, json }, session);
  };
}

interface Order {
  kind: Kind;
  entries: Entry[];
  /** The name by which an error mentions a field. */
  nameOf: (field: string) => string;
  /** What no worker reads, a line each; needs `yes`. */
  unknown?: string[];
  yes?: boolean;
  /** With it, each entry is sent once, however often the order is repeated. */
  key?: string;
  wait: boolean;
  json: boolean;
}

/** Checks all messages, sends them and, with `wait`, follows the jobs. */
export async function send(
  order: Order,
  session: Session,
): Promise<number> {
  const { kind, wait, json } = order;
  const { io, core } = session;
  checkForm(order, session);
  const api = session.api();
  const models = await modelsFor(kind, api);
  const estimates = estimate(order, models, core);

  const sent: Receipt[] = [];
  let ended: Job[] = [];
  try {
    await enqueueAll(order, api, sent, json ? () => {} : io.stdout);
    const count = sent.length === 1 ? "1 job" : `${sent.length} jobs`;
    // With the project, because an exported variable silently wins over --env-file.
    if (!json) {
      io.stdout(`${count} put on ${queueOf(kind)} at ${api.url}`);
      const cost = costLine(estimates, models);
      if (cost) io.stdout(cost);
    }
    if (wait) ended = await waitFor(sent, kind, api, session, json);
  } finally {
    // One document, also of the jobs that were sent before an error.
    if (json && sent.length > 0) {
      const documents = sent.map((receipt, n) => ({ ...receipt, ...outcomeOf(ended[n]) }));
      io.stdout(JSON.stringify(order.entries[0].label ? documents : documents[0]));
    }
  }
  return ended.every(({ status }) => status === "succeeded") ? EXIT.ok : EXIT.failed;
}

interface Issue {
  field: string;
  expected: string;
}

/** @throws {UsageError} when a message is wrong, or has what no worker reads, without `yes`. */
function checkForm(order: Order, { core, io }: Session): void {
  const { unknown = [], yes } = order;
  const validate = order.kind === "image" ? core.validateImageJob : core.validateVideoJob;
  const faults = faultsOf(order, validate);
  const list = linesOf([...faults, ...unknown]);
  if (faults.length > 0) throw new UsageError(`Nothing was sent.${list}`);
  if (unknown.length === 0) return;
  if (yes) return io.stderr(`Ignored:${list}`);
  throw new UsageError(`Nothing was sent: confirm with --yes that this is ignored.${list}`);
}

/** @throws {UsageError} when no model of the workers can do a message: its job would fail. */
function estimate(order: Order, standing: Standing[], core: Core): Estimate[] {
  const estimateJob = order.kind === "image" ? core.estimateImageJob : core.estimateVideoJob;
  const models = standing.map(({ model }) => model);
  const estimates: Estimate[] = [];
  const faults = faultsOf(order, (message) => estimates.push(estimateJob(message, { models })));
  if (faults.length === 0) return estimates;
  const known = models.length > 0
    ? `\nThese are the models that the workers had at their last run: ./process-queue.sh ${order.kind}s`
    : "";
  throw new UsageError(`Nothing was sent.${linesOf(faults)}${known}`);
}

function linesOf(lines: string[]): string {
  return lines.map((line) => `\n  ${line}`).join("");
}

/** What is wrong with the messages by a check of the core, a line each. */
function faultsOf({ entries, nameOf }: Order, check: (message: unknown) => unknown): string[] {
  return entries.flatMap(({ label, message }) =>
    issuesOf(() => check(message)).map(({ field, expected }) =>
      `${label ? `${label}.` : ""}${nameOf(field)}: expected ${expected}`
    )
  );
}

function issuesOf(check: () => unknown): Issue[] {
  try {
    check();
    return [];
  } catch (error) {
    const issues = (error as { issues?: Issue[] }).issues;
    if (!Array.isArray(issues)) throw error;
    return issues;
  }
}

/** What identifies an enqueued job. */
interface Receipt {
  job_id: string;
  msg_id: number;
  queue: string;
}

/** One after the other, so that the queue keeps the order of the file. */
async function enqueueAll(
  { kind, entries, key }: Order,
  api: Api,
  sent: Receipt[],
  print: (line: string) => void,
): Promise<void> {
  for (const { label, message } of entries) {
    try {
      const receipt = await enqueue(kind, message, api, key && `${key}${label ?? ""}`);
      print(`${label ? `${label} ` : ""}job id: ${receipt.job_id}  message id: ${receipt.msg_id}`);
      sent.push(receipt);
    } catch (error) {
      if (!(error instanceof RemoteError) || sent.length === 0) throw error;
      const what = error instanceof LostReply ? "may not have been sent" : "was not sent";
      throw new RemoteError(
        `${label} ${what}: ${error.message}\n` +
          `The ${sent.length} before it are on the queue; ` +
          (key ? "with the same key those are not sent again." : "do not send those again."),
      );
    }
  }
}

/** How often a job is sent if no reply comes. */
const MOST_CALLS = 3;

/**
 * Enqueues a message. A call whose reply is lost is repeated with the same idempotency key, so that
 * there is one job in the end.
 */
async function enqueue(
  kind: Kind,
  message: unknown,
  api: Api,
  key: string = crypto.randomUUID(),
): Promise<Receipt> {
  const queue = queueOf(kind);
  const call = {
    queue_name: queue,
    message: message as Json,
    idempotency_key: key,
  };
  for (let calls = 1;; calls++) {
    try {
      const reply = await api.call("enqueue_generation_job", call);
      const { job_id, msg_id } = (Array.isArray(reply) ? reply[0] : reply) ?? {};
      if (typeof job_id === "string" && typeof msg_id === "number") {
        return { job_id, msg_id, queue };
      }
      throw new RemoteError("enqueue_generation_job answered without job id and message id.");
    } catch (error) {
      if (!(error instanceof LostReply) || calls === MOST_CALLS) throw error;
    }
  }
}

/** Polls after which a job that no worker has claimed gets a hint: half a minute. */
const IDLE_POLLS = 30;

async function waitFor(
  sent: Receipt[],
  kind: Kind,
  api: Api,
  { io }: Session,
  json: boolean,
): Promise<Job[]> {
  const progress = progressFor(json ? { ...io, stdout: () => {}, screen: undefined } : io, false);
  let idle = 0;
  const look = (jobs: Job[]) => {
    if (!jobs.some(({ status, attempts }) => status === "queued" && attempts === 0)) return;
    if (++idle !== IDLE_POLLS) return;
    const hint = `still queued. If no schedule runs the function: ./process-queue.sh ${kind}s`;
    if (io.screen && !json) progress.say(hint);
    else io.stderr(hint);
  };
  const ids = sent.map(({ job_id }) => job_id);
  const ended = await follow(ids, api, io, { progress, seconds: 1, look });
  for (const { entities } of json ? [] : ended) {
    for (const link of withoutRow(objects(entities) as unknown as Link[])) {
      io.stdout(linkText({ ...link, key: quoted(link.key) }));
    }
  }
  return ended;
}

function outcomeOf(job: Job | undefined) {
  if (!job) return undefined;
  const { status, asset_url, entities, error_code, error_message } = job;
  return {
    status,
    asset_url,
    entities,
    error: error_code === null ? null : { code: error_code, message: error_message },
  };
}
