import type { Stack } from "../stack/mod.ts";
import { isOver, type Job } from "../../cli/jobs.ts";

const IMAGES = "image_generation_queue";
const VIDEOS = "video_generation_queue";

/** Scenes and a character: kind and id to title and prompt. */
const ENTITIES = {
  "scene:scene-01": ["The storm", "A lighthouse on a black cliff, waves as high as its gallery"],
  "scene:scene-02": ["The stairs", "A spiral staircase seen from above, one lantern climbing it"],
  "scene:scene-03": ["The lamp", "Hands in wool gloves polishing a huge glass lens"],
  "scene:scene-04": ["The ship", "A small cargo ship turning away from the rocks"],
  "scene:scene-05": [
    "The morning after",
    "The same lighthouse on a calm morning, gulls in a pale sky",
  ],
  "character:keeper": [
    "Ada, the keeper",
    "Portrait of an old lighthouse keeper in a yellow oilskin coat",
  ],
};

/** Scene 5 is an edit of scene 1. */
const EDITED = { from: "scene-01", to: "scene-05" };
const ANIMATED = "scene-02";

interface Step {
  queue: string;
  message: Record<string, unknown>;
  /** The scene whose finished image is the source. */
  source?: string;
}

/** A storyboard that uses every mode once, on the queues of a stack. */
export class Sample {
  #waiting: Step[];

  private constructor(private readonly stack: Stack, readonly storyboardId: string) {
    this.#waiting = steps(storyboardId);
  }

  /** Makes the entities, under a number of their own, and sends what depends on nothing. */
  static async begin(stack: Stack): Promise<Sample> {
    const sample = new Sample(stack, await nextStoryboardId(stack));
    for (const [entity, [title, description]] of Object.entries(ENTITIES)) {
      await stack.sql("insert into public.kv_store_7ee7668a (key, value) values ($1, $2)", [
        entity.replace(":", `:${sample.storyboardId}:`),
        { title, description },
      ]);
    }
    await sample.advance([]);
    return sample;
  }

  /** How many jobs are still to be sent. */
  get outstanding(): number {
    return this.#waiting.length;
  }

  /**
   * Sends the steps whose source is there now, and drops those whose source has failed.
   * Gives the dropped ones' names.
   */
  async advance(jobs: Job[]): Promise<string[]> {
    const dropped: string[] = [];
    for (const step of [...this.#waiting]) {
      const source = jobs.find((job) =>
        job.storyboard_id === this.storyboardId && job.kind === "image" &&
        job.scene_id === step.source
      );
      if (step.source && !(source && isOver(source))) continue;
      this.#waiting = this.#waiting.filter((other) => other !== step);
      if (step.source && source?.status !== "succeeded") {
        dropped.push(`${step.message.sceneId}, which needs the image of ${step.source}`);
        continue;
      }
      await this.#send(step, source?.asset_url ?? undefined);
    }
    return dropped;
  }

  async #send({ queue, message }: Step, sourceImageUrl?: string): Promise<void> {
    await this.stack.sql("select pgmq.send($1, $2)", [
      queue,
      sourceImageUrl ? { ...message, sourceImageUrl } : message,
    ]);
  }
}

function steps(storyboardId: string): Step[] {
  const images = Object.entries(ENTITIES).map(([entity, [, prompt]]): Step => {
    const [kind, id] = entity.split(":");
    const message = { storyboardId, prompt, [`${kind}Id`]: id };
    if (id !== EDITED.to) return { queue: IMAGES, message };
    return { queue: IMAGES, message: { ...message, editMode: true }, source: EDITED.from };
  });
  return [
    ...images,
    {
      queue: VIDEOS,
      message: {
        storyboardId,
        sceneId: "scene-04",
        prompt: "The ship turns away from the rocks, spray over the bow",
        durationSeconds: "4",
      },
    },
    {
      queue: VIDEOS,
      message: {
        storyboardId,
        sceneId: ANIMATED,
        prompt: "The lantern climbs the stairs, shadows turn with it",
        durationSeconds: "4",
      },
      source: ANIMATED,
    },
  ];
}

async function nextStoryboardId(stack: Stack): Promise<string> {
  const [{ next }] = await stack.sql<{ next: number }>(
    `select coalesce(max(substring(key from '^scene:lighthouse-(\\d+):')::int), 0) + 1 as next
     from public.kv_store_7ee7668a where key like 'scene:lighthouse-%'`,
  );
  return `lighthouse-${String(next).padStart(2, "0")}`;
}
