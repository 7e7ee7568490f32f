/** The lists of models: what they may name, and for which of these there are credentials. */
import { type Environment, list, optional, VariableError } from "./variable.ts";

/** What kind of asset a function makes. */
export type Kind = "image" | "video";

/** A model of the list that is not called, since these variables are not set. */
export interface LeftOut {
  model: string;
  missing: string[];
  /** Variables each of which does instead of those. */
  instead?: string[];
}

const DEFAULTS = {
  image: ["gemini-2.5-flash-image", "gemini-nano-banana-2.1", "gemini-3.1-flash-image"],
  video: ["vertex/veo-3.1-fast-generate-001", "gemini-omni-1.1-flash"],
};

const ENTRIES = {
  // A model of videos makes no images, and what the health check sends to models of images could be billed.
  image: {
    entry: /^(vertex\/)?(?!veo-|gemini-omni-)[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
    expected: "model ids separated by commas, none that begins with veo- or gemini-omni-",
  },
  // The prefixes choose service and protocol, so a video model without a known one cannot be called.
  video: {
    entry: /^(vertex\/)?(veo-|gemini-omni-)[A-Za-z0-9._-]{1,127}$/,
    expected: "model ids separated by commas, each starting with veo- or gemini-omni-, " +
      "or with vertex/ before that",
  },
};

/**
 * What each service needs: all variables of one of these choices, with what is expected there. The last
 * one is suggested where there is none; the others are single variables, each of which does instead.
 */
const SERVICES: Record<"vertex" | "gemini", Record<string, string>[]> = {
  vertex: [
    { GOOGLE_SERVICE_ACCOUNT_JSON: "the key file of a service account" },
    { GOOGLE_VERTEX_API_KEY: "a key of Vertex AI in express mode" },
    {
      GOOGLE_VERTEX_PROJECT: "the id of a Google Cloud project",
      GOOGLE_CLIENT_EMAIL: "the client_email of a service account",
      GOOGLE_PRIVATE_KEY: "the private_key of a service account",
    },
  ],
  gemini: [{ GOOGLE_GENERATIVE_AI_API_KEY: "a key from Google AI Studio" }],
};

/** The models of a kind in order of preference: those with credentials, and the others. */
export function readModels(
  environment: Environment,
  kind: Kind,
): { models: string[]; leftOut: LeftOut[] } {
  const all = list(environment, `${kind.toUpperCase()}_MODELS`, ENTRIES[kind]) ?? DEFAULTS[kind];
  const checked = all.map((model) => {
    const choices = choicesOf(model).map((choice) =>
      Object.keys(choice).filter((name) => optional(environment, name) === undefined)
    );
    const usable = choices.some((missing) => missing.length === 0);
    const instead = choices.slice(0, -1).flat();
    return {
      model,
      missing: usable ? [] : choices.at(-1)!,
      ...(instead.length > 0 && { instead }),
    };
  });
  return {
    models: checked.filter(({ missing }) => missing.length === 0).map(({ model }) => model),
    leftOut: checked.filter(({ missing }) => missing.length > 0),
  };
}

/** What to set where all models are left out: what makes the simplest one usable. */
export function missingVariables(leftOut: LeftOut[]): VariableError[] {
  const [simplest] = leftOut.toSorted((a, b) => a.missing.length - b.missing.length);
  const expected = choicesOf(simplest.model).at(-1)!;
  const { instead = [] } = simplest;
  return simplest.missing.map((name) =>
    new VariableError(name, [expected[name], ...instead].join(", or "), true)
  );
}

/** What a model lacks, as people read it. */
export function lackOf({ missing, instead = [] }: Omit<LeftOut, "model">): string {
  return [missing.join(", "), ...instead].join(", or ");
}

function choicesOf(model: string): Record<string, string>[] {
  return SERVICES[isOfVertex(model) ? "vertex" : "gemini"];
}

/** Whether Vertex AI serves a model: the prefix of its name tells. */
export function isOfVertex(model: string): boolean {
  return model.startsWith("vertex/");
}
