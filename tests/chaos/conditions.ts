/** What the verdict has to know of how a run was set up. */

/** After how many attempts a job fails; more than by default, as there are so many faults. */
export const MAX_ATTEMPTS = 8;

/** How long a lease of an image is. Milliseconds. */
export const LEASE = 30_000;

/** How long a video takes. Milliseconds. */
export const VIDEO_DELAY = 1000;
