/**
 * Whose program is at the other end of a connection. Every user of a machine reaches its loopback, and
 * the console passes on with a key what it is asked.
 *
 * @module
 */

/** What Linux tells of all connections. Elsewhere there is nothing to read, and no program is refused. */
const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];

/** The ports of a connection. */
export interface Connection {
  client: number;
  server: number;
}

/** Refuses a program that another user of this machine runs. Root may read this process anyway. */
export async function refuseOtherUser(connection: Connection): Promise<Response | undefined> {
  const allowed = [0, Deno.uid()];
  const tables = await Promise.all(TABLES.map(textOf));
  if (
    tables.flatMap((table) => usersOf(table, connection)).every((user) => allowed.includes(user))
  ) {
    return undefined;
  }
  const message = "Only the user who started the console may use it.";
  return Response.json({ message }, { status: 403 });
}

/** The state of a connection that stands. One that has ended is listed as root's. */
const ESTABLISHED = "01";

/**
 * The user ids behind the connections between two ports, by one of the kernel's tables: a line has a
 * number, the two addresses as `HEX:PORT`, the state, three columns, and the user.
 */
export function usersOf(table: string, { client, server }: Connection): number[] {
  const end = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return table.split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote, state]) =>
      state === ESTABLISHED && local.endsWith(end(client)) && remote.endsWith(end(server))
    )
    .map((columns) => Number(columns[7]));
}

async function textOf(table: string): Promise<string> {
  try {
    return await Deno.readTextFile(table);
  } catch {
    return "";
  }
}
