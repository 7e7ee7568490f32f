/**
 * Puts image and video jobs on the generation queues, from the command line.
 *
 *     deno run --allow-net --allow-env queue-trigger.ts --help
 *
 * Messages are checked with the same WASM core that the functions run, so what is refused there is
 * refused here, before anything is sent.
 */
import { main } from "./cli/main.ts";
import { thisTerminal } from "./cli/surroundings.ts";
import { validateImageJob, validateVideoJob, version } from "./pkg/generation_queue.js";

if (import.meta.main) {
  Deno.exit(await main(Deno.args, { validateImageJob, validateVideoJob, version }, thisTerminal()));
}
