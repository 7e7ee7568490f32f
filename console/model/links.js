// @ts-check
/** What linking did to the scene and character of a job, in words. The command line says it as well. */

/** @typedef {{ slot: string, key: string, outcome: string }} Link one of the ledger's `entities` */

const WORDS = /** @type {Record<string, string>} */ ({
  linked: "was linked",
  superseded: "was linked to a newer one",
  not_found: "is not in the table of entities: stored, but no row was updated",
});

/** @param {Link} link */
export function linkText({ key, outcome }) {
  return `${key} ${WORDS[outcome] ?? outcome}`;
}

/** Those that have no row, so that none shows the asset. @param {Link[] | null | undefined} entities */
export function withoutRow(entities) {
  return (entities ?? []).filter(({ outcome }) => outcome === "not_found");
}
