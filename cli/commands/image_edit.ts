import { command, one } from "../command.ts";
import { required, urls } from "../flag.ts";
import { field, IMAGE_FLAGS, JOB_FLAGS, SENDING, sendOne } from "./send.ts";

const SOURCE =
  "the image to change: a public one, or one in a bucket of SOURCE_IMAGE_BUCKETS; may be " +
  "repeated, in the order in which the prompt mentions the images";

const FLAGS = {
  source: field("sourceImageUrl", required(urls(SOURCE))),
  ...IMAGE_FLAGS,
  ...JOB_FLAGS,
  ...SENDING,
};

export const imageEdit = command({
  name: "image-edit",
  summary: "changes an existing image",
  args: one('"CHANGE"', "the change, in quotes"),
  flags: FLAGS,
  examples: [
    'image-edit "Add dramatic sunset" --source=URL',
    'image-edit "Put the hat on the hero" --source=URL --source=URL',
    'image-edit "Make it night" --source=URL --scene=scene-002',
  ],
  run: sendOne("image", FLAGS, { editMode: true }),
});
