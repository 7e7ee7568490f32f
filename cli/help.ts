/** The help texts: each command with lines that can be copied. */
import { type CommandName, type SendingCommand } from "./commands.ts";
import { OPERATOR_TEXTS } from "./operator_help.ts";

const RUN = "deno run --allow-net --allow-env queue-trigger.ts";

const COMMON_FLAGS = `  --storyboard=ID   the storyboard (default: storyboard-001)
  --scene=ID        the scene that gets the result's URL
  --character=ID    the character that gets it; without --scene and --character
                    the result is stored and belongs to no one
  --owner=ID        whose job it is (see docs/database.md)
  --model=NAME      one of the configured models (default: the first that can)
  --seed=N          the same number makes about the same thing again
  --priority=N      -100 to 100; higher goes first (default: 0)
  --webhook=URL     who is told when the job has ended (see docs/webhooks.md)
  --wait            show progress until the job has ended; exit code 0 only if
                    it succeeded`;

const SHAPE_FLAGS = `  --aspect=R        1:1, 16:9, 9:16, 4:3, 3:4 and others (default: the source's
                    shape, or a square)
  --size=S          512, 1K, 2K or 4K, by models that have sizes (default: 1K)`;

const SENDER_TEXTS: Record<SendingCommand, string> = {
  "image": `image "PROMPT"            generate an image from words

${SHAPE_FLAGS}
${COMMON_FLAGS}

  ${RUN} image "A hero on a cliff"
  ${RUN} image "A dragon flying" --scene=scene-002
  ${RUN} image "Warrior portrait" --character=hero-001
  ${RUN} image "A castle at dawn" --wait`,

  "image-edit": `image-edit "CHANGE" --source=URL   change an existing image

  --source=URL      the image; anybody must be able to read it. Repeated, the
                    images that the prompt speaks of, in this order
${SHAPE_FLAGS}
${COMMON_FLAGS}

  ${RUN} image-edit "Add dramatic sunset" --source=URL
  ${RUN} image-edit "Put the hat on the hero" --source=URL --source=URL
  ${RUN} image-edit "Make it night" --source=URL --scene=scene-002`,

  "video": `video "PROMPT"            generate a video from words, or from an image

  --source=URL      the image that the video starts from
  --last-frame=URL  the image that it ends with; needs --source
  --reference=URL   what somebody or something in it looks like; may be
                    repeated, not with --source
  --negative=TEXT   what is not to be seen
  --person=WHO      allow_all, allow_adult or dont_allow
  --duration=N      4, 6 or 8 seconds (default: 8)
  --aspect=R        16:9 or 9:16 (default: 16:9)
  --resolution=R    720p or 1080p (default: 720p; 1080p needs 8 seconds)
${COMMON_FLAGS}

  ${RUN} video "Lion walking" --duration=8
  ${RUN} video "Animate this scene" --source=URL
  ${RUN} video "The hero walks in" --reference=URL --reference=URL
  ${RUN} video "Waves" --aspect=9:16 --duration=4 --scene=scene-003`,

  "batch-images": `batch-images FILE         put many images on the queue

${batchText("images", `{ "prompt": "A castle at dawn", "sceneId": "scene-001" }`)}`,

  "batch-videos": `batch-videos FILE         put many videos on the queue

${batchText("videos", `{ "prompt": "The gate opens", "durationSeconds": "6" }`)}`,
};

function batchText(list: string, entry: string): string {
  return `  --storyboard=ID   the storyboard of entries that name none
  --wait            show progress until all jobs have ended

  FILE is JSON: { "storyboardId": "…", "${list}": [ENTRY, …] } or just [ENTRY, …].
  An ENTRY is a message as the queue takes it, or just a prompt:

    ${entry}

  All entries are checked before the first one is sent. The tool needs leave to
  read the file:

  ${RUN.replace("--allow-env", "--allow-env --allow-read")} batch-${list} test-prompts.json`;
}

const TEXTS: Record<CommandName, string> = { ...SENDER_TEXTS, ...OPERATOR_TEXTS };

const all = (texts: Record<string, string>) =>
  Object.values(texts).map((text) => `\n${text}\n`).join("");

/** The help for one command, or for the tool. */
export function helpText(topic?: CommandName): string {
  if (topic) return TEXTS[topic];
  return `Puts jobs on the generation queues, shows what comes of them and mends what went wrong.

  ${RUN} COMMAND …

  Each command takes --json, for programs: one document, or for watch a line for
  each change.

COMMANDS OF SENDERS
${all(SENDER_TEXTS)}
COMMANDS OF OPERATORS
${all(OPERATOR_TEXTS)}
ENVIRONMENT
  SUPABASE_URL                 the URL of the project's API
  SUPABASE_SECRET_KEY          a secret key of the project, or
  SUPABASE_SERVICE_ROLE_KEY    its legacy service_role key

  Export them, or let Deno read a file: deno run --env-file=.env --allow-net …
  \`deno task start\` writes those of the local stack into .env.local.

FLAGS are written --flag=VALUE or --flag VALUE. "--" ends them, for a prompt that
starts with a dash.

EXIT CODES
  0  queued, or done; with --wait, or watched: succeeded
  1  the project refused or could not be reached; a job that was waited for or
     worked on failed; a job that was named could not be cancelled or redriven;
     doctor: something has failed
  2  wrong usage, or a message that could not become a job: nothing was sent;
     what needs --yes: nothing was done

A job is worked on when a function runs: by its schedule, or by ./process-queue.sh.`;
}
