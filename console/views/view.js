// @ts-check
/**
 * The view of each address.
 *
 * @import { Context, View } from "./view.d.ts"
 * @import { Route } from "../lib/route.js"
 */
import { BatchView } from "./batch.js";
import { entityView } from "./entity.js";
import { failedView } from "./failed.js";
import { jobView } from "./job.js";
import { queueView } from "./queue.js";
import { againView, sendView } from "./send.js";
import { storyboardView } from "./storyboard.js";
import { storyboardsView } from "./storyboards.js";
import { unknownView } from "./unknown.js";

/** @param {Route} route @param {Context} context @returns {View} */
export function viewOf(route, context) {
  switch (route.view) {
    case "storyboard":
      return storyboardView(route.storyboard, context);
    case "entity":
      return entityView(route, context);
    case "send":
      return sendView(route.storyboard, context);
    case "again":
      return againView(route.job, context);
    case "batch":
      return new BatchView(route.storyboard, context);
    case "queue":
      return queueView(context);
    case "failed":
      return failedView(route, context);
    case "job":
      return jobView(route.job, context);
    case "unknown":
      return unknownView(route.address);
    default:
      return storyboardsView(context);
  }
}
