/** The functions that drain the queues, on the runtime that has loaded them. */
import { imageAdapters, type Outside, videoAdapters } from "./adapters.ts";
import type { ImageCore, RunOptions, RunReport, VideoCore } from "./core.ts";
import type { Configuration } from "./environment.ts";
import { createHandler, type Handler } from "./handler.ts";
import type { Kind } from "./models.ts";
import { thisPlatform } from "./platform.ts";
import { userAgent } from "./user_agent.ts";

export function imageFunction(core: ImageCore): Handler {
  return queueFunction(
    "image",
    core,
    (configuration, outside, options) =>
      core.processImages(imageAdapters(configuration, outside), options),
  );
}

export function videoFunction(core: VideoCore): Handler {
  return queueFunction(
    "video",
    core,
    (configuration, outside, options) =>
      core.processVideos(videoAdapters(configuration, outside), options),
  );
}

type Run = (
  configuration: Configuration,
  outside: Partial<Outside>,
  options: RunOptions,
) => Promise<RunReport>;

function queueFunction(kind: Kind, core: ImageCore, run: Run): Handler {
  const { version } = core;
  const name = `process-${kind}-generation`;
  return createHandler(
    {
      name,
      queue: `${kind}_generation_queue`,
      kind,
      version,
      run: (configuration, options, secrets) => {
        const outside = { log: options.log, userAgent: userAgent(version(), name), secrets };
        return run(configuration, outside, options);
      },
      judge: async (model, answer) => (await import("./verdict.ts")).verdictOf(core, model, answer),
    },
    thisPlatform(),
  );
}
