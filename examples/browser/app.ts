import type { SupabaseClient } from "@supabase/supabase-js";

/** Asks for an image. Each click has a new `request_id`; sending a click again keeps it. */
export async function generateImage(
  supabase: SupabaseClient,
  scene: { storyboard_id: string; scene_id: string },
  prompt: string,
  request_id: string,
): Promise<string> {
  const { data, error } = await supabase.rpc("generate_image", { ...scene, prompt, request_id });
  if (error) throw error;
  return data;
}

/** Cancels a job. False if it had ended already. */
export async function cancel(supabase: SupabaseClient, jobId: string): Promise<boolean> {
  const { data, error } = await supabase.rpc("cancel_my_generation_job", { job_id: jobId });
  if (error) throw error;
  return data ?? false;
}

/** Polls a job until it has ended. */
export async function untilEnded(supabase: SupabaseClient, jobId: string, everyMs = 2000) {
  for (;;) {
    const { data: job, error } = await supabase.rpc("my_generation_job", { job_id: jobId });
    if (error) throw error;
    if (!job) throw new Error("You have no such job.");
    if (["succeeded", "failed", "cancelled"].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
