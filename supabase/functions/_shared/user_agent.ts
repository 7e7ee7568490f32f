/** How the product names itself to the services that it calls (RFC 9110, section 10.1.5). */
export function userAgent(version: string, component: string): string {
  return `generation-queue/${version} (${component})`;
}
