import { plain } from "../../supabase/functions/_shared/plain.ts";
import { objects } from "../api.ts";
import { command } from "../command.ts";
import { EXIT } from "../failure.ts";
import { yesOrNo } from "../flag.ts";
import { jobId, type Session } from "../session.ts";

export const choose = command({
  name: "choose",
  summary: "makes the result of a job the current one of its scene and character",
  args: jobId,
  flags: { json: yesOrNo("print one JSON document") },
  notes: `Any job that has succeeded can be chosen, older ones too. The choice stays until
a job that is sent later succeeds, or another one is chosen.`,
  examples: ["choose JOB_ID"],
  run: async (id, { json }, session: Session) => {
    const { stdout } = session.io;
    const chosen = await session.api().callObject("choose_generation_result", { job_id: id });
    if (json) stdout(JSON.stringify(chosen));
    for (const { key, outcome } of json ? [] : objects(chosen?.entities)) {
      const missing = outcome === "linked" ? "" : " (it is not in the table of entities)";
      stdout(plain(`${key} shows ${chosen?.asset_url}${missing}`));
    }
    return EXIT.ok;
  },
});
