/** Bodies that can be sent again, although a stream can be read once. */

type Bytes = Uint8Array<ArrayBuffer>;

/** Up to this length a body is sent with its length, as servers know it. The core streams longer ones. */
const SMALL = 4 * 1024 * 1024;

/**
 * Makes a body for each request out of one. Anything but a stream is used as it is. The pieces of a long
 * stream are kept as they are read, so that it is sent while it is read, and is in memory once.
 */
export async function repeatableBody(
  body: RequestInit["body"],
): Promise<() => RequestInit["body"]> {
  if (!(body instanceof ReadableStream)) return () => body;
  const reader = (body as ReadableStream<Bytes>).getReader();
  const pieces: Promise<ReadableStreamReadResult<Bytes>>[] = [];
  const piece = (index: number) => pieces[index] ??= reader.read();

  const small: Bytes[] = [];
  for (let length = 0; length <= SMALL;) {
    const { done, value } = await piece(small.length);
    if (done) return wholeOf(small);
    small.push(value);
    length += value.length;
  }
  return () => {
    let next = 0;
    return new ReadableStream<Bytes>({
      async pull(controller) {
        const { done, value } = await piece(next++);
        if (done) controller.close();
        else controller.enqueue(value);
      },
    });
  };
}

async function wholeOf(pieces: Bytes[]): Promise<() => BodyInit> {
  const whole = await new Blob(pieces).arrayBuffer();
  return () => whole;
}
