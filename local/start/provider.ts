import { type SimulatorOptions, startSimulator } from "../simulator/mod.ts";
import { UsageError } from "../../cli/failure.ts";
import { passedOn } from "./configuration.ts";
import { networkSettings } from "./network.ts";

/** The provider of images and videos. */
export interface Provider {
  /** The variables by which the functions reach it. */
  environment: Record<string, string>;
  /** For the terminal. */
  description: string;
  close(): Promise<void>;
}

/** Those of Vertex AI, which may be set beside the key or instead of it. */
const VERTEX_VARIABLES = [
  "GOOGLE_SERVICE_ACCOUNT_JSON",
  "GOOGLE_VERTEX_PROJECT",
  "GOOGLE_VERTEX_LOCATION",
  "GOOGLE_CLIENT_EMAIL",
  "GOOGLE_PRIVATE_KEY",
  "GOOGLE_VERTEX_API_KEY",
  "GOOGLE_VERTEX_BASE_URL",
  "GOOGLE_TOKEN_URL",
];

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
  const vertex = passedOn(variable, VERTEX_VARIABLES);
  if (real && !key && Object.keys(vertex).length === 0) {
    throw new UsageError(
      "--real: expected GOOGLE_GENERATIVE_AI_API_KEY in the environment or .env.",
    );
  }
  if (address) {
    return external({
      ...network,
      ...vertex,
      GOOGLE_GENERATIVE_AI_BASE_URL: address,
      // The functions need a key, even if the server at that address does not check it.
      GOOGLE_GENERATIVE_AI_API_KEY: key ?? "no-key-was-set",
    }, address);
  }
  if (real) {
    const keys = passedOn(variable, ["GOOGLE_GENERATIVE_AI_API_KEY"]);
    return external({ ...network, ...keys, ...vertex }, "Google (every job costs money)");
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
