/**
 * The simulator by itself: `deno run -A local/simulator/main.ts [--port N] [--image-delay SECONDS]
 * [--video-delay SECONDS]`. It prints its address and its key as environment variables and runs
 * until it is interrupted.
 */
import { parseArgs } from "node:util";
import { startSimulator } from "./mod.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    port: { type: "string", default: "0" },
    "image-delay": { type: "string", default: "0" },
    "video-delay": { type: "string", default: "0" },
  },
});

const number = (name: keyof typeof values): number => {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value >= 0) return value;
  console.error(`--${name} takes a number, not "${values[name]}"`);
  Deno.exit(2);
};

const simulator = await startSimulator({
  port: number("port"),
  imageDelayMs: number("image-delay") * 1000,
  videoDelayMs: number("video-delay") * 1000,
});
console.log(`GOOGLE_GENERATIVE_AI_BASE_URL=${simulator.url}`);
console.log(`GOOGLE_GENERATIVE_AI_API_KEY=${simulator.apiKey}`);
