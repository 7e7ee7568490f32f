/** The causes of each failure. */
import type { Gateway } from "./gateway.ts";
import type { Kind, Message } from "../support/test_project.ts";
import { confession, type Marks } from "./marks.ts";

export const VEO = "veo-3.1-fast-generate-preview";

export interface Case {
  kind: Kind;
  message?: Message;
  /** The age in seconds of an operation that an earlier run has started. */
  operation?: number;
  deaths?: number;
  /** The provider's reply: to a poll if there is an operation, else to the submission. */
  provider?: { status?: number; body?: unknown; headers?: Record<string, string>; drop?: boolean };
  /** The address of the finished video. */
  uri?: string;
  gateway?: Gateway["interfere"];
  budgetSeconds?: number;
  /** The run itself fails and does not settle the job. */
  unavailable?: boolean;
}

export const NAME = `models/${VEO}/operations/o1`;
export const done = (response: unknown) => ({ name: NAME, done: true, response });

type Interference = Gateway["interfere"];

/** The values that the cases share. */
interface Context {
  marks: Marks;
  /** The gateway's address. */
  url: string;
  /** What a careless service repeats. */
  said: string;
  /** Where a service redirects to. */
  location: string;
}

/** The cases of each code. */
export function casesOf(marks: Marks, { url }: Gateway): Record<string, Case[]> {
  const { locationUser: user, locationToken: token } = marks;
  const said = confession(marks);
  const location = `https://${user}:${user}@files.test/a?token=${token}`;
  const context = { marks, url, said, location };
  return {
    ...messageCases(context),
    ...imageCases(context),
    ...videoCases(context),
    ...downloadCases(context),
    ...supabaseCases(context),
  };
}

const error = (code: number, message: string) => ({ error: { code, message, status: "X" } });
const edit = (sourceImageUrl: string): Message => ({ editMode: true, sourceImageUrl });
const image = (provider: Case["provider"]): Case => ({ kind: "image", provider });
const poll = (provider: Case["provider"], more: Partial<Case> = {}): Case => ({
  kind: "video",
  operation: 1,
  provider,
  budgetSeconds: 1,
  ...more,
});
/** What may be a mistake is asked for again first. */
const IN_DOUBT: Partial<Case> = { budgetSeconds: 30 };
const download = (uri: string): Case => ({ kind: "video", operation: 1, uri });

/** Replies instead of the project to paths that contain a text. */
function at(path: string, answer: (request: Request) => Response | "drop"): Interference {
  return (request) => new URL(request.url).pathname.includes(path) ? answer(request) : undefined;
}

/** Repeats the whole request. */
function echo(said: string, status: number, more: Record<string, unknown> = {}) {
  return (request: Request) => {
    const headers = [...request.headers].map(([name, value]) => `${name}: ${value}`).join(" ");
    const message = `${headers} ${request.url} ${said}`;
    const body = { statusCode: String(status), error: message, message, ...more };
    return Response.json(body, { status });
  };
}

/** Faults of a message or its source images. */
function messageCases({ marks, url, said, location }: Context): Record<string, Case[]> {
  const { sourceUser, sourcePassword, sourcePath, sourceToken } = marks;
  const credentials = `${sourceUser}:${sourcePassword}`;
  const secretPart = `${sourcePath}.png?token=${sourceToken}&X-Amz-Signature=${sourceToken}`;
  const own = `${url}/storage/v1/object/sign/storyboard-images/${secretPart}`;
  return {
    invalid_message: [
      { kind: "image", message: { prompt: 7, ...edit(`ftp://${credentials}@h/${secretPart}`) } },
      { kind: "video", message: { sceneId: "/", sourceImageUrl: `http:${credentials}@h/` } },
      { kind: "image", message: edit(`http://h/${secretPart}${"x".repeat(5000)}`) },
    ],
    source_image_unusable: [
      { kind: "image", message: edit(`https://${credentials}@images.test/${secretPart}`) },
      { kind: "video", message: { sourceImageUrl: `http://10.0.0.1/${secretPart}` } },
      { kind: "image", message: edit(`http://127.0.0.1%2f${sourcePath}/${secretPart}`) },
      // No name below `invalid` exists, so the request is never more than attempted.
      { kind: "image", message: edit(`https://missing.invalid/${secretPart}`) },
      { kind: "image", message: edit(own) },
      { kind: "image", message: edit(own), gateway: at("/object/sign/", echo(said, 403)) },
      { kind: "image", message: edit(own), gateway: at("/object/sign/", echo(said, 500)) },
      { kind: "image", message: edit(own), gateway: at("/object/sign/", () => "drop") },
      {
        kind: "image",
        message: edit(own),
        gateway: at(
          "/object/sign/",
          () => new Response(null, { status: 302, headers: { location } }),
        ),
      },
      {
        kind: "video",
        message: { sourceImageUrl: own },
        gateway: at("/object/sign/", () => new Response(`GIF89a ${said}`)),
      },
    ],
  };
}

/** Faults in the provider's first reply. */
function imageCases({ marks, said, location }: Context): Record<string, Case[]> {
  return {
    content_blocked: [
      image({ body: { promptFeedback: { blockReason: "SAFETY", blockReasonMessage: said } } }),
      image({ body: { promptFeedback: { blockReason: marks.google } } }),
      image({ body: { candidates: [{ finishReason: "IMAGE_SAFETY", finishMessage: said }] } }),
      poll({
        body: done({
          generateVideoResponse: { raiMediaFilteredCount: 1, raiMediaFilteredReasons: [said] },
        }),
      }),
    ],
    no_image: [
      image({ body: { candidates: [{ finishReason: "NO_IMAGE", finishMessage: said }] } }),
      image({
        body: { candidates: [{ finishReason: "STOP", content: { parts: [{ text: said }] } }] },
      }),
    ],
    no_video: [poll({ body: { ...done({}), note: said } }, IN_DOUBT)],
    model_unavailable: [
      image({ status: 404, body: error(404, said) }),
      { kind: "video", provider: { status: 404, body: said } },
      image({ status: 302, headers: { location }, body: said }),
      { kind: "video", provider: { status: 302, headers: { location }, body: said } },
    ],
    model_rejected_request: [
      image({ status: 400, body: error(400, said) }),
      { kind: "video", provider: { status: 400, body: error(400, said) } },
    ],
    api_key_invalid: [
      image({ status: 400, body: error(400, `API key not valid: ${marks.google}. ${said}`) }),
      { kind: "video", provider: { status: 401, body: error(401, said) } },
    ],
    account_refused: [
      image({ status: 403, body: [error(403, said)] }),
      image({ status: 403, body: said }),
    ],
    billing_refused: [image({ status: 402, body: said })],
    location_refused: [
      image({ status: 400, body: error(400, `User location is not supported. ${said}`) }),
    ],
    quota_exhausted: [
      image({ status: 429, body: error(429, said) }),
      poll({ body: { name: NAME, done: true, error: { code: 8, message: said } } }),
    ],
    provider_unavailable: [
      image({ status: 500, body: error(500, said) }),
      image({ status: 503, body: said }),
      image({ drop: true }),
      poll({ body: { name: NAME, done: true, error: { code: 13, message: said } } }),
      poll({ status: 500, body: error(500, said) }, { operation: 120 }),
    ],
    provider_reply_unreadable: [
      image({ body: `{"candidates": "${said}` }),
    ],
  };
}

/** Faults of an operation. */
function videoCases({ said }: Context): Record<string, Case[]> {
  return {
    submission_uncertain: [
      { kind: "video", provider: { status: 500, body: error(500, said) } },
      { kind: "video", provider: { drop: true } },
      { kind: "video", provider: { body: `{"name": "${said}` } },
    ],
    operation_failed: [
      poll({ body: { name: NAME, done: true, error: { code: 3, message: said } } }),
      poll({ body: { name: NAME, done: true, error: { code: 2, message: said } } }),
      poll({ body: { name: NAME, done: true, error: said } }),
    ],
    operation_timed_out: [poll({ body: { name: NAME, metadata: said } }, { operation: 120 })],
    operation_not_found: [poll({ status: 404, body: error(404, said) }, IN_DOUBT)],
  };
}

/** Faults of a download. */
function downloadCases({ marks, url, said, location }: Context): Record<string, Case[]> {
  const { downloadUser, downloadToken } = marks;
  return {
    download_failed: [
      download(`https://${downloadUser}:${downloadUser}@files.test/a?key=${downloadToken}`),
      download(`http://${downloadUser}@127.0.0.1/a?key=${downloadToken}`),
      download(`ftp://files.test/a?key=${downloadToken}`),
      // The simulator's own origin, where there is no such file.
      download(`SIMULATOR/v1beta/files/none?key=${downloadToken}&token=${downloadToken}`),
      // Another origin, which tells what it was asked.
      download(`${url}/refused?key=${downloadToken}`),
      download(`${url}/dropped?key=${downloadToken}`),
      download(`${url}/moved?key=${downloadToken}`),
      download(`${url}/html?key=${downloadToken}`),
    ].map((one) => ({
      ...one,
      gateway: (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/refused") return echo(said, 403)(request);
        if (pathname === "/dropped") return "drop";
        if (pathname === "/moved") {
          return new Response(null, { status: 302, headers: { location } });
        }
        if (pathname === "/html") return new Response(`<html>${said}</html>`);
      },
    })),
  };
}

/** Faults of Storage and the database. */
function supabaseCases({ said, location }: Context): Record<string, Case[]> {
  return {
    storage_failed: [
      { kind: "image", gateway: at("/object/storyboard-images/", echo(said, 400)) },
      { kind: "image", gateway: at("/object/storyboard-images/", echo(said, 500)) },
      { kind: "image", gateway: at("/object/storyboard-images/", () => "drop") },
      {
        kind: "image",
        gateway: at(
          "/object/storyboard-images/",
          () => new Response(said, { status: 307, headers: { location } }),
        ),
      },
    ],
    entity_update_failed: [
      {
        kind: "image",
        gateway: at("/complete_generation_job", echo(said, 400, { code: "GJ001" })),
      },
    ],
    attempts_exhausted: [{ kind: "image", deaths: 5 }],
    queue_failed: [
      { kind: "image", gateway: at("/claim_generation_jobs", echo(said, 401)), unavailable: true },
      { kind: "image", gateway: at("/claim_generation_jobs", echo(said, 500)), unavailable: true },
      { kind: "image", gateway: at("/claim_generation_jobs", () => "drop"), unavailable: true },
      {
        kind: "image",
        gateway: at("/claim_generation_jobs", () => new Response(`[{"job_id": "${said}"`)),
        unavailable: true,
      },
    ],
  };
}
