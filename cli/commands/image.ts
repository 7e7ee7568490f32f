import { command, one } from "../command.ts";
import { IMAGE_FLAGS, JOB_FLAGS, SENDING, sendOne } from "./send.ts";

const FLAGS = { ...IMAGE_FLAGS, ...JOB_FLAGS, ...SENDING };

export const image = command({
  name: "image",
  summary: "generates an image from words",
  args: one('"PROMPT"', "the prompt, in quotes"),
  flags: FLAGS,
  notes: "Without --scene and --character the image is stored and belongs to no entity.",
  examples: [
    'image "A hero on a cliff"',
    'image "A dragon flying" --scene=scene-002',
    'image "Warrior portrait" --character=hero-001',
    'image "A castle at dawn" --wait',
  ],
  run: sendOne("image", FLAGS),
});
