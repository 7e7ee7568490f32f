/** `supabase/database.types.ts` is what the Supabase CLI generates from the migrations, and supabase-js uses it. */
import { equal } from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { generateTypes, TYPES_FILE } from "../../scripts/types.ts";
import type { Database } from "../../supabase/database.types.ts";

Deno.test("the types are those of the migrations (else: deno task types)", async () => {
  equal(await Deno.readTextFile(TYPES_FILE), await generateTypes());
});

Deno.test("a client with the types checks functions, arguments and columns", async () => {
  const paths: string[] = [];
  const supabase = createClient<Database>("http://project.test", "key", {
    auth: { persistSession: false, autoRefreshToken: false },
    global: {
      fetch: (input) => {
        paths.push(new URL(new Request(input).url).pathname);
        return Promise.resolve(Response.json([]));
      },
    },
  });
  const queue_name = "image_generation_queue";
  const message = { storyboardId: "storyboard-001", prompt: "A hero on a cliff" };
  await supabase.rpc("enqueue_generation_job", { queue_name, message });
  await supabase.from("generation_jobs").select("id, status, asset_url").eq("kind", "image");
  await supabase.from("generation_pending_jobs").select("job_id, prompt");
  // @ts-expect-error: there is no such function
  await supabase.rpc("enqueue_generation_jobs", {});
  // @ts-expect-error: the argument is called message
  await supabase.rpc("enqueue_generation_job", { queue_name, body: message });
  // @ts-expect-error: there is no such table
  await supabase.from("generation_job").select("id");
  equal(paths.length, 6);
});
