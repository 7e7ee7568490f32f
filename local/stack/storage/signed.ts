/**
 * Gives the replies about signed URLs the names they have in the real API: a `signedURL` that begins
 * after `/storage/v1`. lite says `signedUrl`, and with the whole path.
 */
export async function withPublicNames(request: Request, response: Response): Promise<Response> {
  const { pathname } = new URL(request.url);
  const isSigning = request.method === "POST" && response.ok &&
    /^\/storage\/v1\/object\/sign\//.test(pathname);
  if (!isSigning) return response;
  const reply = await response.json();
  const headers = { "access-control-allow-origin": "*" };
  return Response.json(Array.isArray(reply) ? reply.map(renamed) : renamed(reply), { headers });
}

interface LiteSignedUrl {
  signedUrl: string;
  [other: string]: unknown;
}

function renamed({ signedUrl, ...rest }: LiteSignedUrl) {
  return { ...rest, signedURL: signedUrl ? signedUrl.replace(/^\/storage\/v1/, "") : null };
}
