import { processImages, version } from "../../../pkg/generation_queue.js";
import { imageFunction } from "../_shared/queue_function.ts";

export default { fetch: imageFunction({ processImages, version }) };
