/** The address that was asked for belongs to another program. */
export class PortInUse extends Error {
  override name = "PortInUse";

  constructor(readonly port: number) {
    super(`port ${port} is in use (is another start running?)`);
  }
}

/** This user may not listen there: on most systems, below 1024. */
export class PortForbidden extends Error {
  override name = "PortForbidden";

  constructor(readonly port: number) {
    super(`port ${port} is not for this user to open; ports from 1024 on usually are`);
  }
}

/**
 * Opens a listener, naming the port if that fails. Port 0 takes a free one.
 *
 * @throws PortInUse, PortForbidden
 */
export function openPort<T>(port: number, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw new PortInUse(port);
    if (error instanceof Deno.errors.PermissionDenied) throw new PortForbidden(port);
    throw error;
  }
}
