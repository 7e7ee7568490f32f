/** The function that drains the video queue. */
import { videoAdapters } from "./adapters.ts";
import type { VideoCore } from "./core.ts";
import { createHandler, type Handler } from "./handler.ts";
import { thisPlatform } from "./platform.ts";
import { userAgent } from "./user_agent.ts";

const NAME = "process-video-generation";

/** The function on the runtime that has loaded it. */
export function videoFunction(core: VideoCore): Handler {
  return createHandler(
    {
      name: NAME,
      queue: "video_generation_queue",
      kind: "video",
      version: core.version,
      run: (configuration, options) =>
        core.processVideos(
          videoAdapters(configuration, {
            log: options.log,
            userAgent: userAgent(core.version(), NAME),
          }),
          options,
        ),
    },
    thisPlatform(),
  );
}
