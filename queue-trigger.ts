/**
 * Sends image and video jobs to the generation queues and operates them, from the command line.
 *
 *     deno run --allow-net --allow-env queue-trigger.ts --help
 *
 * Messages are checked with the same WASM core that the functions run, so what is refused there is
 * refused here, before anything is sent.
 */
import { main } from "./cli/main.ts";
import { thisProcess } from "./cli/io.ts";
import { restoreCursor } from "./cli/terminal/style.ts";
import * as core from "./pkg/generation_queue.js";

if (import.meta.main) {
  const io = thisProcess();
  // A live table hides the cursor.
  if (io.screen) Deno.addSignalListener("SIGINT", () => (restoreCursor(), Deno.exit(130)));
  Deno.exit(await main(Deno.args, core, io));
}
