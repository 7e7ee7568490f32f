/** The commands, and the flags that each of them takes. */

/** Commands that put jobs on the queues. */
export const SENDING = ["image", "image-edit", "video", "batch-images", "batch-videos"] as const;
export type SendingCommand = typeof SENDING[number];

/** Commands that look at the jobs and at the project, and mend what went wrong. */
export const OPERATING = [
  "status",
  "list",
  "show",
  "watch",
  "cancel",
  "redrive",
  "metrics",
  "process",
  "doctor",
] as const;
export type OperatingCommand = typeof OPERATING[number];

/** The names of all commands. */
export const COMMANDS = [...SENDING, ...OPERATING] as const;
export type CommandName = SendingCommand | OperatingCommand;

export function isOperating(command: CommandName): command is OperatingCommand {
  return OPERATING.some((name) => name === command);
}

const text = { type: "string" } as const;
const texts = { type: "string", multiple: true } as const;
const yesOrNo = { type: "boolean" } as const;

/** Every flag, as `parseArgs` wants to have it. */
export const FLAGS = {
  storyboard: text,
  scene: text,
  character: text,
  source: texts,
  "last-frame": text,
  reference: texts,
  webhook: text,
  duration: text,
  aspect: text,
  resolution: text,
  size: text,
  model: text,
  negative: text,
  seed: text,
  person: text,
  priority: text,
  wait: yesOrNo,
  kind: text,
  status: text,
  owner: text,
  error: text,
  since: text,
  limit: text,
  interval: text,
  "until-empty": yesOrNo,
  all: yesOrNo,
  yes: yesOrNo,
  "forget-operation": yesOrNo,
  "max-jobs": text,
  budget: text,
  background: yesOrNo,
  prometheus: yesOrNo,
  json: yesOrNo,
} as const;
export type Flag = keyof typeof FLAGS;

/** What the flags of a line say; one that may be repeated says it in a list. */
export type Flags = {
  [F in Flag]?: typeof FLAGS[F] extends typeof yesOrNo ? boolean
    : typeof FLAGS[F] extends typeof texts ? string[]
    : string;
};

const EVERY_JOB: Flag[] = [
  ...["storyboard", "scene", "character", "owner", "webhook", "model", "aspect"] as const,
  ...["seed", "priority", "wait", "json"] as const,
];
const FILTERS: Flag[] = [
  ...["kind", "status", "storyboard", "scene", "character", "owner", "error", "since"] as const,
];

const FLAGS_OF: Record<CommandName, Flag[]> = {
  "image": [...EVERY_JOB, "size"],
  "image-edit": [...EVERY_JOB, "size", "source"],
  "video": [
    ...EVERY_JOB,
    ...["source", "last-frame", "reference", "duration", "resolution"] as const,
    ...["negative", "person"] as const,
  ],
  "batch-images": ["storyboard", "wait", "json"],
  "batch-videos": ["storyboard", "wait", "json"],
  "status": ["json"],
  "list": [...FILTERS, "limit", "json"],
  "show": ["json"],
  "watch": ["interval", "until-empty", "json"],
  "cancel": [...FILTERS.filter((flag) => flag !== "error"), "all", "yes", "json"],
  "redrive": ["error", "kind", "all", "forget-operation", "yes", "json"],
  "metrics": ["json", "prometheus"],
  "process": ["max-jobs", "budget", "background", "json"],
  "doctor": ["json"],
};

/** The first of these flags that a command does not take. */
export function foreignFlag(command: CommandName, flags: Flags): Flag | undefined {
  return (Object.keys(flags) as Flag[]).find((flag) => !FLAGS_OF[command].includes(flag));
}

/** The commands that take a flag. */
export function takersOf(flag: Flag): CommandName[] {
  return COMMANDS.filter((name) => FLAGS_OF[name].includes(flag));
}
