/**
 * Which addresses are on the public internet, and not in a network around the function.
 * Source: IANA's special-purpose address registries (RFC 6890).
 */

/** The ranges of IPv4 that are not public, as the first address and the length of the prefix. */
const SPECIAL_V4: [string, number][] = [
  ["0.0.0.0", 8], // this network
  ["10.0.0.0", 8], // private
  ["100.64.0.0", 10], // behind a carrier's NAT; Alibaba's metadata
  ["127.0.0.0", 8], // loopback
  ["168.63.129.16", 32], // Azure's host services, public by its number only
  ["169.254.0.0", 16], // link-local; metadata of most clouds
  ["172.16.0.0", 12], // private
  ["192.0.0.0", 24], // protocol assignments; Oracle's metadata
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // relays of 6to4
  ["192.168.0.0", 16], // private
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 3], // multicast, reserved, broadcast
];

/** The public range of IPv6. */
const GLOBAL_V6: [string, number] = ["2000::", 3];

/** The parts of it that are not public. */
const SPECIAL_V6: [string, number][] = [
  ["2001::", 23], // protocol assignments: Teredo, benchmarks, ORCHID
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4, which holds any IPv4 address
  ["3fff::", 20], // documentation
];

/** An IPv4 address as a network without IPv4 of its own sees it (RFC 6052). */
const NAT64: [string, number] = ["64:ff9b::", 96];

/** Whether an IPv4 or IPv6 address is on the public internet. Other texts are not. */
export function isPublicAddress(address: string): boolean {
  const bytes = bytesOf(address);
  if (bytes?.length === 4) return isPublicV4(bytes);
  if (bytes?.length !== 16) return false;
  if (isIn(bytes, NAT64)) return isPublicV4(bytes.slice(12));
  return isIn(bytes, GLOBAL_V6) && !SPECIAL_V6.some((range) => isIn(bytes, range));
}

/** Whether a text is an IPv4 or IPv6 address in one of its usual spellings. */
export function isAddress(text: string): boolean {
  return bytesOf(text) !== undefined;
}

function isPublicV4(bytes: number[]): boolean {
  return !SPECIAL_V4.some((range) => isIn(bytes, range));
}

function isIn(bytes: number[], [first, length]: [string, number]): boolean {
  const start = bytesOf(first)!;
  return start.every((byte, i) => {
    const bits = Math.min(Math.max(length - 8 * i, 0), 8);
    const mask = 0xff << (8 - bits) & 0xff;
    return (byte & mask) === (bytes[i] & mask);
  });
}

function bytesOf(address: string): number[] | undefined {
  return address.includes(":") ? bytesOfV6(address) : bytesOfV4(address);
}

function bytesOfV4(address: string): number[] | undefined {
  const bytes = address.split(".").map((part) => /^(0|[1-9]\d{0,2})$/.test(part) ? +part : 256);
  return bytes.length === 4 && bytes.every((byte) => byte < 256) ? bytes : undefined;
}

function bytesOfV6(address: string): number[] | undefined {
  // `URL` reads all spellings of an address and writes one form.
  const url = `http://[${address}]/`;
  if (!/^[0-9a-f:.]+$/i.test(address) || !URL.canParse(url)) return undefined;
  const [front, back] = new URL(url).hostname.slice(1, -1).split("::").map(groupsOf);
  const zeros = back ? Array(8 - front.length - back.length).fill(0) : [];
  return [...front, ...zeros, ...back ?? []].flatMap((group) => [group >> 8, group & 0xff]);
}

function groupsOf(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
}
