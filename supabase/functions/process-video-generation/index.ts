import { processImages, processVideos, version } from "../../../pkg/generation_queue.js";
import { videoFunction } from "../_shared/queue_function.ts";

export default { fetch: videoFunction({ processImages, processVideos, version }) };
