/** A body without an end. `cancelled` resolves when its reader has had enough. */
export function endless() {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.enqueue(new Uint8Array(1 << 20).fill(0x20)),
    cancel: () => resolve(),
  });
  return { body, cancelled };
}
