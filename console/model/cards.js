// @ts-check
/**
 * The cards of a storyboard: what it has, joined with what goes on.
 *
 * @import { Card, Entity, LiveJob } from "./types.d.ts"
 */

/**
 * @param {Entity[]} entities
 * @param {LiveJob[]} jobs
 * @returns {{ scenes: Card[], characters: Card[], others: Card[] }}
 */
export function cardsOf(entities, jobs) {
  /** @type {Map<string, Card>} */
  const cards = new Map();
  const live = new Set(jobs.map(({ id }) => id));
  for (const entity of entities) {
    cards.set(`${entity.slot}:${entity.id}`, {
      ...entity,
      // What is live again has failed before.
      failures: entity.failures.filter(({ job_id = "" }) => !live.has(job_id)),
      key: `${entity.slot}:${entity.id}`,
      jobs: [],
    });
  }
  for (const job of jobs) {
    for (const [slot, id] of slotsOf(job)) {
      const key = `${slot}:${id}`;
      if (!cards.has(key)) cards.set(key, emptyCard(slot, id));
      /** @type {Card} */ (cards.get(key)).jobs.push(job);
    }
  }
  /** @param {Entity["slot"]} slot */
  const of = (slot) => [...cards.values()].filter((card) => card.slot === slot);
  // Jobs that stand alone have no names to go by, so they stand in the order in which they were sent: those that have
  // ended, which are answered from the newest on, then the others in the order of their turns.
  const alone = jobs.map(({ id }) => cards.get(`job:${id}`)).filter((card) => card !== undefined);
  return {
    scenes: of("scene").sort(byId),
    characters: of("character").sort(byId),
    others: [...of("job").filter(({ jobs: live }) => live.length === 0).reverse(), ...alone],
  };
}

/** The jobs that had not ended when the entities were read, which was after the jobs were. @param {LiveJob[]} jobs @param {Entity[]} entities */
export function withoutEnded(jobs, entities) {
  const ended = new Set(
    entities.flatMap(({ image, video, failures }) =>
      [image, video, ...failures].map((version) => version?.job_id)
    ),
  );
  return jobs.filter(({ id }) => !ended.has(id));
}

/** @param {Entity["slot"]} slot @param {string} id @returns {Card} */
export function emptyCard(slot, id) {
  const nothing = { title: null, image: null, video: null, images: 0, videos: 0, failures: [] };
  return { slot, id, key: `${slot}:${id}`, jobs: [], ...nothing };
}

/** How many characters of a prompt make a name. */
const LONGEST_NAME = 48;

/** What a card is called. A job that stands alone goes by the first words of its prompt. @param {Entity & { jobs?: LiveJob[] }} card */
export function nameOf({ slot, id, title, image, video, failures, jobs = [] }) {
  if (title || slot !== "job") return title ?? id;
  const versions = [...jobs, image, video, ...failures].filter((each) => !!each);
  const prompt = versions.map((each) => each.prompt?.trim()).find(Boolean);
  if (prompt) return firstWords(prompt);
  return video || versions[0]?.kind === "video" ? "Video" : "Image";
}

/** What a job is called in a table. @param {{ kind: string, storyboard_id: string | null, scene_id: string | null, character_id: string | null }} job */
export function jobName({ kind, storyboard_id, scene_id, character_id }) {
  return [storyboard_id ?? `${kind} of no storyboard`, scene_id ?? character_id].filter(Boolean)
    .join(" ");
}

/** @param {string} text */
function firstWords(text) {
  if (text.length <= LONGEST_NAME) return text;
  const start = text.slice(0, LONGEST_NAME + 1);
  // Some languages have no spaces, and a half of a pair of surrogates is no character.
  const words = start.replace(/\s+\S*$/, "");
  return `${(words === start ? start.slice(0, -1) : words).toWellFormed().replace(/\uFFFD$/, "")}…`;
}

/** @param {LiveJob} job @returns {[Entity["slot"], string][]} */
function slotsOf({ id, scene_id, character_id }) {
  /** @type {[Entity["slot"], string][]} */
  const slots = [];
  if (scene_id) slots.push(["scene", scene_id]);
  if (character_id) slots.push(["character", character_id]);
  return slots.length > 0 ? slots : [["job", id]];
}

const NUMBERS = new Intl.Collator("en", { numeric: true });

/** scene-2 comes before scene-10. @param {Card} one @param {Card} other */
function byId(one, other) {
  return NUMBERS.compare(one.id, other.id);
}
