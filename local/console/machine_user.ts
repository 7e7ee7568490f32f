/**
 * Whose program is at the other end of a connection. Every user of a machine reaches its loopback, and
 * the console passes on with a key what it is asked.
 *
 * @module
 */

/** What Linux tells of all connections. Elsewhere there is nothing to read, and no program is refused. */
const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];

/** A connection to a port of the loopback. */
export interface Connection {
  client: Pick<Deno.NetAddr, "hostname" | "port">;
  server: number;
}

/**
 * Refuses a program that another user of this machine runs. Root may read this process anyway. Nor is a
 * program believed that has ended its side: it gets no reply, but what it has asked for would be done.
 */
export async function refuseOtherUser(connection: Connection): Promise<Response | undefined> {
  const allowed = [0, Deno.uid()];
  const tables = (await Promise.all(TABLES.map(textOf))).filter((table) => table !== "");
  const users = tables.flatMap((table) => usersOf(table, connection));
  const isKnown = users.length > 0 || tables.length === 0;
  if (isKnown && users.every((user) => allowed.includes(user))) return undefined;
  const message = "Only the user who started the console may use it.";
  return Response.json({ message }, { status: 403 });
}

/** The state of a connection that stands. One that has ended is listed as root's. */
const ESTABLISHED = "01";

/**
 * The user ids behind a connection, by one of the kernel's tables: a line has a number, the two addresses as
 * `HEX:PORT`, the state, three columns, and the user.
 */
export function usersOf(table: string, { client, server }: Connection): number[] {
  const hex = (number: number, digits: number) =>
    number.toString(16).toUpperCase().padStart(digits, "0");
  // The bytes of the number in memory. In the table of IPv6 it has others in front of it.
  const address = client.hostname.split(".").reverse().map((byte) => hex(Number(byte), 2)).join("");
  return table.split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote, state]) =>
      state === ESTABLISHED && local.endsWith(`${address}:${hex(client.port, 4)}`) &&
      remote.endsWith(`:${hex(server, 4)}`)
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
