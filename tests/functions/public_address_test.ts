import { equal } from "node:assert/strict";
import { isAddress, isPublicAddress } from "../../supabase/functions/_shared/public_address.ts";
import addresses from "../support/public_addresses.json" with { type: "json" };

/** An address, whether it is public, and what it is. The core's tests read the same table. */
const ADDRESSES = addresses as [string, boolean, string][];

for (const [address, isPublic, what] of ADDRESSES) {
  Deno.test(`${address} (${what}) is ${isPublic ? "" : "not "}public`, () => {
    equal(isAddress(address), true);
    equal(isPublicAddress(address), isPublic);
  });
}

Deno.test("a value that is no address is not public", () => {
  for (
    const text of [
      "",
      "example.com",
      "localhost",
      "8.8.8",
      "8.8.8.8.8",
      "8.8.8.256",
      "8.8.8.-1",
      "08.8.8.8",
      "0x8.8.8.8",
      "8.8.8.8 ",
      "8.8.8.8:80",
      "134744072",
      "2606:4700",
      "2606:4700::1::1",
      "2606:4700::1%eth0",
      "[2606:4700::1]",
      "2606:4700::g",
      ":",
      "::1]/[::1",
      "8.8.8.8::",
    ]
  ) {
    equal(isAddress(text), false, text);
    equal(isPublicAddress(text), false, text);
  }
});
