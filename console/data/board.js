// @ts-check
/**
 * A storyboard as it is now. What goes on is asked for again and again; what it has, after a change of a job, and
 * seldom without one: the project may add, rename or delete its scenes by itself.
 *
 * @import { Entity, Latency, LiveJob } from "../model/types.d.ts"
 * @import { Project } from "./project.js"
 */
import { cardsOf, nameOf, withoutEnded } from "../model/cards.js";
import { entities, latencies, liveJobs } from "./readings.js";

const LATENCIES_LAST = 60_000;
const ENTITIES_LAST = 60_000;

export class Board {
  /** @type {Entity[]} */
  entities = [];
  /** @type {LiveJob[]} */
  jobs = [];
  /** @type {Record<string, Latency>} */
  latency = {};
  cards = cardsOf([], []);
  known = false;
  /** Whether it has more than is read. */
  more = false;
  #changedAt = /** @type {string | null | undefined} */ (undefined);
  #latenciesAt = -Infinity;
  #entitiesAt = -Infinity;
  #skew = 0;
  #moreEntities = false;

  /** @param {Project} project @param {string} id */
  constructor(project, id) {
    this.project = project;
    this.id = id;
  }

  /** The database's time, in milliseconds. */
  get now() {
    return Date.now() + this.#skew;
  }

  /** @returns {Promise<number>} after how many seconds to ask again */
  async refresh() {
    const live = await liveJobs(this.project, this.id, 2000);
    this.#skew = Date.parse(live.now) - Date.now();
    const old = performance.now() - this.#entitiesAt > ENTITIES_LAST;
    if (old || live.changed_at !== this.#changedAt) {
      const found = await entities(this.project, this.id);
      this.entities = found.entities;
      this.#moreEntities = found.more;
      this.#changedAt = live.changed_at;
      this.#entitiesAt = performance.now();
      this.jobs = withoutEnded(live.jobs, this.entities);
      this.cards = cardsOf(this.entities, this.jobs);
      this.known = true;
    } else if (JSON.stringify(live.jobs) !== JSON.stringify(this.jobs)) {
      this.jobs = live.jobs;
      this.cards = cardsOf(this.entities, this.jobs);
    }
    this.more = live.more || this.#moreEntities;
    if (performance.now() - this.#latenciesAt > LATENCIES_LAST) {
      this.latency = await latencies(this.project);
      this.#latenciesAt = performance.now();
    }
    return this.jobs.length > 0 ? 1.5 : 4;
  }

  /** @param {string} key slot and id */
  card(key) {
    const { scenes, characters, others } = this.cards;
    return [...scenes, ...characters, ...others].find((card) => card.key === key);
  }

  /** The images that can be the source of a job. */
  get images() {
    return this.entities.flatMap((entity) => {
      const { image, slot } = entity;
      return image ? [{ url: image.url, name: `${nameOf(entity)} (${slot})` }] : [];
    });
  }
}
