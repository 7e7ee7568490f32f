import { command, one } from "../command.ts";
import { JOB_FLAGS, SENDING, sendOne, VIDEO_FLAGS } from "./send.ts";

const FLAGS = { ...VIDEO_FLAGS, ...JOB_FLAGS, ...SENDING };

export const video = command({
  name: "video",
  summary: "generates a video from words, or from an image",
  args: one('"PROMPT"', "the prompt, in quotes"),
  flags: FLAGS,
  examples: [
    'video "Lion walking" --duration=8',
    'video "Animate this scene" --source=URL',
    'video "The hero walks in" --reference=URL --reference=URL',
    'video "Waves" --aspect=9:16 --duration=4 --scene=scene-003',
  ],
  run: sendOne("video", FLAGS),
});
