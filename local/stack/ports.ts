/** The address that was asked for belongs to another program. */
export class PortInUse extends Error {
  override name = "PortInUse";

  constructor(readonly port: number) {
    super(`port ${port} is in use by another program`);
  }
}

/** Opens a listener, naming the port if that fails. Port 0 takes a free one. */
export function openPort<T>(port: number, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw new PortInUse(port);
    throw error;
  }
}
