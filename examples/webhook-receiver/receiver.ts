import { Webhook } from "standardwebhooks";

const webhook = new Webhook(Deno.env.get("WEBHOOK_SECRET")!);

interface Event {
  type: string;
  data: { id: string; asset_url: string | null };
}

export default {
  async fetch(request: Request): Promise<Response> {
    // The signature covers the body as it was received: verify first, parse afterwards.
    const body = await request.text();
    let event: Event;
    try {
      event = webhook.verify(body, Object.fromEntries(request.headers)) as Event;
    } catch {
      return new Response("The signature is not valid.", { status: 401 });
    }
    // Store it under its webhook-id, and process it later.
    console.log(request.headers.get("webhook-id"), event.type, event.data.id, event.data.asset_url);
    return new Response(null, { status: 204 });
  },
};
