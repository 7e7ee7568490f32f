import { cstrings, integers, join, message, readCstring, type StartupPacket } from "./messages.ts";

/** Major version 3 of the protocol, in the upper half of a startup packet's code. */
export function speaksVersion3({ code }: StartupPacket): boolean {
  return code >>> 16 === 3;
}

/** The parameters that a client names when it connects: user, database, application_name, … */
export function startupParameters({ bytes }: StartupPacket): Map<string, string> {
  const parameters = new Map<string, string>();
  for (let at = 8; at < bytes.length && bytes[at] !== 0;) {
    const name = readCstring(bytes, at);
    const value = readCstring(bytes, name.next);
    parameters.set(name.text, value.text);
    at = value.next;
  }
  return parameters;
}

/**
 * What a server says to a new client it lets in without a password (the port listens on the
 * loopback interface only): its parameters, a key for cancelling, and that it is ready.
 */
export function greeting(
  packet: StartupPacket,
  clientId: number,
  serverVersion: string,
): Uint8Array {
  const parameters = {
    server_version: serverVersion,
    server_encoding: "UTF8",
    client_encoding: "UTF8",
    application_name: startupParameters(packet).get("application_name") ?? "",
    is_superuser: "on",
    session_authorization: "postgres",
    DateStyle: "ISO, MDY",
    IntervalStyle: "postgres",
    TimeZone: "UTC",
    integer_datetimes: "on",
    standard_conforming_strings: "on",
  };
  const minorVersion = packet.code & 0xffff;
  return join(
    // A client that asks for a later 3.x is told to speak 3.0.
    minorVersion > 0 ? message("v", integers(0, 0)) : new Uint8Array(0),
    message("R", integers(0)),
    ...Object.entries(parameters).map(([name, value]) => message("S", cstrings(name, value))),
    message("K", integers(clientId, 0)),
    message("Z", new TextEncoder().encode("I")),
  );
}
