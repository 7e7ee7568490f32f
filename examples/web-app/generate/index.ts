import { createClient } from "@supabase/supabase-js";
import { corsHeaders } from "@supabase/supabase-js/cors";

const { default: secretKey } = JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS")!);
const supabase = createClient(Deno.env.get("SUPABASE_URL")!, secretKey, {
  auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
});

const reply = (status: number, body: Record<string, string>) =>
  Response.json(body, { status, headers: corsHeaders });

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method === "OPTIONS") return new Response(null, { headers: corsHeaders });

    const token = request.headers.get("authorization")?.replace(/^Bearer /i, "");
    const { data: { user } } = await supabase.auth.getUser(token);
    if (!user) return reply(401, { message: "Sign in first." });

    const { storyboardId, sceneId, prompt, requestId } = await request.json();
    const { data: storyboard } = await supabase.from("storyboards").select("id")
      .eq("id", storyboardId).eq("owner", user.id).maybeSingle();
    if (!storyboard) return reply(404, { message: "You have no such storyboard." });

    const { data, error } = await supabase.rpc("enqueue_generation_job", {
      queue_name: "image_generation_queue",
      message: { storyboardId, sceneId, prompt, owner: user.id },
      idempotency_key: requestId,
    });
    if (error?.code === "23505") return reply(409, { message: "requestId was used before." });
    if (error) return reply(400, { message: error.message });
    return reply(202, { jobId: data[0].job_id });
  },
};
