import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import process from "node:process";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);

const server = createServer(async (request, response) => {
  // The signature covers the body as it was received: verify first, parse afterwards.
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let event;
  try {
    event = webhook.verify(Buffer.concat(chunks).toString(), request.headers);
  } catch {
    response.writeHead(401).end();
    return;
  }
  // A webhook may arrive twice: store it under its webhook-id, answer, and process it afterwards.
  const { type, data } = event;
  console.log(request.headers["webhook-id"], type, data.id, data.asset_url);
  response.writeHead(204).end();
});
server.listen(process.env.PORT ?? 3000, () => console.log("port", server.address().port));
