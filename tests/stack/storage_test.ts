import { deepEqual, equal, match } from "node:assert/strict";
import type { Stack } from "../../local/stack/mod.ts";
import { postJson, type Reply, send, smallStack } from "./support.ts";

const BUCKET = "storyboard-images";
let stack: Stack;
let storage: string;
let secret: { apikey: string };
Deno.test.beforeAll(async () => {
  stack = await smallStack();
  storage = `${stack.url}/storage/v1`;
  secret = { apikey: stack.secretKey };
});
Deno.test.afterAll(() => stack.close());

function put(key: string, text: string, headers: HeadersInit = {}): Promise<Reply> {
  return send(`${storage}/object/${BUCKET}/${key}`, {
    method: "POST",
    body: text,
    headers: { ...secret, "content-type": "image/png", ...headers },
  });
}

function get(key: string, headers: HeadersInit = {}): Promise<Reply> {
  return send(`${storage}/object/public/${BUCKET}/${key}`, { headers });
}

function copy(body: Record<string, unknown>, upsert: boolean): Promise<Reply> {
  return postJson(`${storage}/object/copy`, { bucketId: BUCKET, ...body }, {
    ...secret,
    "x-upsert": String(upsert),
  });
}

const duplicate = {
  statusCode: "409",
  code: "KeyAlreadyExists",
  error: "Duplicate",
  message: "The resource already exists",
};

Deno.test("an uploaded object is served publicly with its type and cache time", async () => {
  const uploaded = await put("sb/scenes/a/1.png", "picture", { "cache-control": "max-age=60" });
  equal(uploaded.status, 200);
  equal(uploaded.body.Key, `${BUCKET}/sb/scenes/a/1.png`);
  const served = await get("sb/scenes/a/1.png");
  equal(served.body, "picture");
  equal(served.headers.get("content-type"), "image/png");
  equal(served.headers.get("cache-control"), "max-age=60");
  match(served.headers.get("etag")!, /^"[0-9a-f]{32}"$/);
});

Deno.test("a form, as supabase-js sends it for a Blob, is an upload too", async () => {
  const form = new FormData();
  form.append("cacheControl", "3600");
  form.append("", new Blob(["from a form"], { type: "image/gif" }));
  const uploaded = await send(`${storage}/object/${BUCKET}/form.gif`, {
    method: "POST",
    body: form,
    headers: secret,
  });
  equal(uploaded.status, 200);
  const served = await get("form.gif");
  equal(served.body, "from a form");
  equal(served.headers.get("content-type"), "image/gif");
  equal(served.headers.get("cache-control"), "max-age=3600");
});

Deno.test("an object is not overwritten unless x-upsert is true", async () => {
  await put("once.png", "first");
  const again = await put("once.png", "second");
  deepEqual([again.status, again.body], [400, duplicate]);
  equal((await get("once.png")).body, "first");
  equal((await put("once.png", "third", { "x-upsert": "true" })).status, 200);
  equal((await get("once.png")).body, "third");
});

Deno.test("a copy keeps the type and cache time unless it is told not to", async () => {
  await put("from.png", "bytes", { "content-type": "image/webp", "cache-control": "max-age=9" });
  await copy({ sourceKey: "from.png", destinationKey: "same.png" }, false);
  await copy({
    sourceKey: "from.png",
    destinationKey: "other.png",
    copyMetadata: false,
    metadata: { cacheControl: "max-age=1" },
  }, false);
  const same = (await get("same.png")).headers;
  deepEqual([same.get("content-type"), same.get("cache-control")], ["image/webp", "max-age=9"]);
  const other = (await get("other.png")).headers;
  deepEqual([other.get("content-type"), other.get("cache-control")], ["image/webp", "max-age=1"]);
});

Deno.test("a copy replaces an object only with x-upsert", async () => {
  await put("new.png", "new");
  await put("old.png", "old");
  const body = { sourceKey: "new.png", destinationKey: "old.png" };
  const refused = await copy(body, false);
  deepEqual([refused.status, refused.body], [400, duplicate]);
  const copied = await copy(body, true);
  deepEqual([copied.status, copied.body.Key], [200, `${BUCKET}/old.png`]);
  equal((await get("old.png")).body, "new");
  equal((await get("new.png")).body, "new");
});

Deno.test("a missing object or bucket is a 400 whose body says 404", async () => {
  const object = await get("nothing.png");
  deepEqual([object.status, object.body.statusCode, object.body.error], [400, "404", "not_found"]);
  const bucket = await send(`${storage}/object/public/nowhere/a.png`);
  deepEqual([bucket.status, bucket.body.error], [400, "Bucket not found"]);
  const source = await copy({ sourceKey: "nothing.png", destinationKey: "x.png" }, true);
  deepEqual([source.status, source.body.statusCode], [400, "404"]);
});

Deno.test("a player can read parts of a video", async () => {
  await put("film.mp4", "0123456789", { "content-type": "video/mp4" });
  const part = await get("film.mp4", { range: "bytes=2-4" });
  deepEqual([part.status, part.body], [206, "234"]);
  equal(part.headers.get("content-range"), "bytes 2-4/10");
  equal((await get("film.mp4", { range: "bytes=7-" })).body, "789");
  equal((await get("film.mp4", { range: "bytes=-1" })).body, "9");
  equal((await get("film.mp4", { range: "bytes=99-" })).status, 416);
  const head = await send(`${storage}/object/public/${BUCKET}/film.mp4`, { method: "HEAD" });
  deepEqual([head.status, head.headers.get("content-length")], [200, "10"]);
});

Deno.test("a list has the files of one folder and the names of the folders in it", async () => {
  for (const key of ["list/a.png", "list/deep/b.png", "list/deep/c.png", "listless.png"]) {
    await put(key, "bytes");
  }
  const { body } = await postJson(`${storage}/object/list/${BUCKET}`, { prefix: "list" }, secret);
  deepEqual(
    body.map((entry: { name: string; id: string | null }) => [entry.name, entry.id === null]),
    [["a.png", false], ["deep", true]],
  );
  equal(body[0].metadata.size, 5);
});

Deno.test("objects can be removed, one or many", async () => {
  for (const key of ["r1.png", "r2.png", "r3.png"]) await put(key, "bytes");
  const one = await send(`${storage}/object/${BUCKET}/r1.png`, {
    method: "DELETE",
    headers: secret,
  });
  equal(one.body.message, "Successfully deleted");
  const many = await send(`${storage}/object/${BUCKET}`, {
    method: "DELETE",
    body: JSON.stringify({ prefixes: ["r2.png", "r3.png", "never.png"] }),
    headers: { ...secret, "content-type": "application/json" },
  });
  equal(many.body.length, 2);
  for (const key of ["r1.png", "r2.png", "r3.png"]) equal((await get(key)).status, 400);
});

Deno.test("a search is over before a limit counts", async () => {
  for (const key of ["found/a.png", "found/b.png", "found/wanted.png", "found/wanted/deep.png"]) {
    await put(key, "bytes");
  }
  const query = { prefix: "found", search: "wanted", limit: 2 };
  const { body } = await postJson(`${storage}/object/list/${BUCKET}`, query, secret);
  deepEqual(body.map(({ name }: { name: string }) => name), ["wanted", "wanted.png"]);
});

Deno.test("without the secret key nothing is written, copied or listed", async () => {
  await put("guarded.png", "bytes");
  const anonymous = { apikey: stack.publishableKey };
  const written = await send(`${storage}/object/${BUCKET}/intruder.png`, {
    method: "POST",
    body: "bytes",
    headers: { ...anonymous, "content-type": "image/png" },
  });
  deepEqual([written.status, written.body.statusCode], [400, "403"]);
  const copied = await postJson(`${storage}/object/copy`, {
    bucketId: BUCKET,
    sourceKey: "guarded.png",
    destinationKey: "stolen.png",
  }, anonymous);
  equal(copied.status, 400);
  const listed = await postJson(`${storage}/object/list/${BUCKET}`, { prefix: "" }, anonymous);
  deepEqual(listed.body, []);
});

Deno.test("a private bucket is read with the secret key or a signed URL only", async () => {
  await stack.sql(
    "insert into storage.buckets (id, name, public) values ('vault', 'vault', false)",
  );
  await send(`${storage}/object/vault/gold.txt`, {
    method: "POST",
    body: "gold",
    headers: { ...secret, "content-type": "text/plain" },
  });
  equal((await send(`${storage}/object/public/vault/gold.txt`)).status, 400);
  equal((await send(`${storage}/object/vault/gold.txt`)).status, 400);
  const asOwner = await send(`${storage}/object/authenticated/vault/gold.txt`, { headers: secret });
  equal(asOwner.body, "gold");
  const signed = await postJson(`${storage}/object/sign/vault/gold.txt`, { expiresIn: 60 }, secret);
  equal((await send(storage + signed.body.signedURL)).body, "gold");
});

Deno.test("keys that leave the bucket or are invalid are refused", async () => {
  for (
    const key of ["a%2F..%2F..%2Fb.png", "caf%C3%A9.png", "a%23b.png", "a%00b.png", "a%2", "a%FF"]
  ) {
    const refused = await put(key, "bytes");
    deepEqual([refused.status, refused.body.code], [400, "InvalidKey"], key);
  }
});

Deno.test("a name that PostgreSQL cannot hold is refused wherever it stands", async () => {
  const paths = [
    `public/${BUCKET}/%00`,
    `public/%00/a.png`,
    `${BUCKET}/%00`,
    `public/${BUCKET}/%FF`,
  ];
  const replies = [
    ...await Promise.all(
      paths.map((path) => send(`${storage}/object/${path}`, { headers: secret })),
    ),
    await copy({ sourceKey: "a\0.png", destinationKey: "b.png" }, false),
    await postJson(`${storage}/object/list/${BUCKET}`, { prefix: "\0" }, secret),
  ];
  deepEqual(
    replies.map(({ status, body }) => [status, body.code]),
    Array(6).fill([400, "InvalidKey"]),
  );
});

Deno.test("a bucket has a name that is one folder", async () => {
  const create = (body: unknown) => postJson(`${storage}/bucket`, body, secret);
  for (
    const id of ["../..", "..", ".incoming", "a/b", "a\\b", "", "a\0", "x".repeat(101), 7, null]
  ) {
    const refused = await create({ id, name: id });
    deepEqual([refused.status, refused.body.code], [400, "InvalidBucketName"], `${id}`);
  }
  equal((await create({ id: "../x", name: "fine" })).status, 400);
  equal((await create({ id: "fine", name: "../x" })).status, 400);
  equal((await create({ id: "my files", name: "my files" })).status, 200);
});

Deno.test("a large upload is not held in memory and does not block the database", async () => {
  const size = 60 * 1024 * 1024;
  const chunk = new Uint8Array(1024 * 1024).fill(7);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // The database answers during the upload.
      if (sent === size / 2) await stack.sql("select 1");
      controller.enqueue(chunk);
      sent += chunk.length;
      if (sent === size) controller.close();
    },
  });
  const uploaded = await send(`${storage}/object/storyboard-videos/big.mp4`, {
    method: "POST",
    body,
    headers: { ...secret, "content-type": "video/mp4" },
  });
  equal(uploaded.status, 200);
  const url = `${storage}/object/public/storyboard-videos/big.mp4`;
  const head = await send(url, { method: "HEAD" });
  equal(head.headers.get("content-length"), String(size));
});
