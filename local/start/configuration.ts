/** Variables of the functions that are passed on when they are set here. */
const PASSED_ON = [
  "IMAGE_MODELS",
  "VIDEO_MODELS",
  "IMAGE_CONCURRENCY",
  "VIDEO_CONCURRENCY",
  "WORKER_BUDGET_SECONDS",
  "WORKER_LIFETIME_SECONDS",
  "VIDEO_DEADLINE_MINUTES",
  "MAX_ATTEMPTS",
  "JOB_DEADLINE_HOURS",
  "FALLBACK_AFTER_SECONDS",
  "WORKER_SECRET",
  "ALLOW_PUBLIC_TRIGGER",
  "SOURCE_IMAGE_HOSTS",
  "SOURCE_IMAGE_BUCKETS",
];

/** The settings for the functions that the caller has in the environment: these, or all but the provider's. */
export function passedOn(
  variable: (name: string) => string | undefined,
  names = PASSED_ON,
): Record<string, string> {
  const entries = names.map((name) => [name, variable(name)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => !!entry[1]));
}
