import type { SupabaseClient } from "@supabase/supabase-js";

export interface Job {
  id: string;
  status: "queued" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
  asset_url: string | null;
  error_code: string | null;
  updated_at: string;
}

/** Asks for an image. Each click has a new `requestId`; sending a click again keeps it. */
export async function generate(
  supabase: SupabaseClient,
  request: { storyboardId: string; sceneId: string; prompt: string; requestId: string },
): Promise<string> {
  const { data, error } = await supabase.functions.invoke("generate", { body: request });
  if (error) throw error;
  return data.jobId;
}

/** Calls `show` with the job now and after every change. The returned function stops that. */
export function follow(
  supabase: SupabaseClient,
  jobId: string,
  show: (job: Job) => void,
): () => void {
  let stopped = false;
  let newest = 0;
  const update = (job: Job | null) => {
    const time = job ? Date.parse(job.updated_at) : 0;
    if (!job || stopped || time < newest) return;
    newest = time;
    show(job);
  };
  const read = async () => {
    const { data, error } = await supabase.from("generation_jobs")
      .select("id, status, asset_url, error_code, updated_at").eq("id", jobId)
      .maybeSingle<Job>();
    if (error && !stopped) setTimeout(read, 2000);
    update(data);
  };
  const channel = supabase
    // With `wait`, SUBSCRIBED means that changes arrive. Without it, it may come seconds too early.
    .channel(`job ${jobId}`, { config: { postgres_changes_options: { wait: true } } })
    .on<Job>(
      "postgres_changes",
      { event: "UPDATE", schema: "public", table: "generation_jobs", filter: `id=eq.${jobId}` },
      (change) => update(change.new),
    )
    // Read what changed before the subscription, and while a connection was lost.
    .subscribe((status) => void (status === "SUBSCRIBED" && read()));
  return () => {
    stopped = true;
    void supabase.removeChannel(channel);
  };
}
