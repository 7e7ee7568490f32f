import { type SimulatorOptions, startSimulator } from "../simulator/mod.ts";
import { UsageError } from "../../cli/failure.ts";
import { networkSettings } from "./network.ts";

/** The provider of images and videos. */
export interface Provider {
  /** The variables by which the functions reach it. */
  environment: Record<string, string>;
  /** For the terminal. */
  description: string;
  close(): Promise<void>;
}

/** How long the simulator takes: long enough to watch. Milliseconds. */
const IMAGE_DELAY = 1500;
const VIDEO_DELAY = 6000;

/**
 * The simulator, with what `memory` says it remembers; with `real`, Google; with an address in the
 * environment, the server at that address.
 *
 * @throws UsageError when `real` lacks a key
 */
export async function openProvider(
  real: boolean,
  variable: (name: string) => string | undefined,
  memory: Pick<SimulatorOptions, "memoryFile" | "forget"> = {},
): Promise<Provider> {
  const network = networkSettings(variable);
  const key = variable("GOOGLE_GENERATIVE_AI_API_KEY");
  const address = variable("GOOGLE_GENERATIVE_AI_BASE_URL");
  if (real && !key) {
    throw new UsageError(
      "--real: expected GOOGLE_GENERATIVE_AI_API_KEY in the environment or .env.",
    );
  }
  if (address) {
    return external({
      ...network,
      GOOGLE_GENERATIVE_AI_BASE_URL: address,
      // The functions need a key, even if the server at that address does not check it.
      GOOGLE_GENERATIVE_AI_API_KEY: key ?? "no-key-was-set",
    }, address);
  }
  if (real) {
    const environment = { ...network, GOOGLE_GENERATIVE_AI_API_KEY: key! };
    return external(environment, "Google (every job costs money)");
  }
  const simulator = await startSimulator({
    imageDelayMs: IMAGE_DELAY,
    videoDelayMs: VIDEO_DELAY,
    ...memory,
  });
  return {
    environment: {
      GOOGLE_GENERATIVE_AI_BASE_URL: simulator.url,
      GOOGLE_GENERATIVE_AI_API_KEY: simulator.apiKey,
      ...simulator.vertexVariables(),
    },
    description: `${simulator.url} (simulator)`,
    close: () => simulator.close(),
  };
}

function external(environment: Record<string, string>, description: string): Provider {
  return { environment, description, close: () => Promise.resolve() };
}
