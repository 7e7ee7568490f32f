/** The function that drains the image queue. */
import { imageAdapters } from "./adapters.ts";
import type { ImageCore } from "./core.ts";
import { createHandler, type Handler } from "./handler.ts";
import { thisPlatform } from "./platform.ts";
import { userAgent } from "./user_agent.ts";

const NAME = "process-image-generation";

/** The function on the runtime that has loaded it. */
export function imageFunction(core: ImageCore): Handler {
  return createHandler(
    {
      name: NAME,
      queue: "image_generation_queue",
      kind: "image",
      version: core.version,
      run: (configuration, options) =>
        core.processImages(
          imageAdapters(configuration, {
            log: options.log,
            userAgent: userAgent(core.version(), NAME),
          }),
          options,
        ),
    },
    thisPlatform(),
  );
}
