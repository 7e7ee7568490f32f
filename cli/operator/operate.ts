/** Has the right one of the operators' commands do its work. */
import { readProject } from "../project.ts";
import { ProjectApi } from "../project_api.ts";
import type { Surroundings } from "../surroundings.ts";
import type { OperatorCommand } from "./arguments.ts";
import { cancel } from "./cancel.ts";
import { list } from "./list.ts";
import { metrics } from "./metrics.ts";
import { process } from "./process.ts";
import { redrive } from "./redrive.ts";
import { show } from "./show.ts";
import { status } from "./status.ts";
import { watch } from "./watch.ts";

/** Answers the exit code. */
export async function operate(
  command: Exclude<OperatorCommand, { name: "doctor" }>,
  surroundings: Surroundings,
): Promise<number> {
  const api = new ProjectApi(readProject(surroundings.environment), surroundings.fetch);
  switch (command.name) {
    case "status":
      return await status(command, api, surroundings);
    case "list":
      return await list(command, api, surroundings);
    case "show":
      return await show(command, api, surroundings);
    case "watch":
      return await watch(command, api, surroundings);
    case "cancel":
      return await cancel(command, api, surroundings);
    case "redrive":
      return await redrive(command, api, surroundings);
    case "metrics":
      return await metrics(command, api, surroundings);
    case "process":
      return await process(command, api, surroundings);
  }
}
