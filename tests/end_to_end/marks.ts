/** Random secrets for a test, and how to find them in a text. */

/** Marks do not have the format of any known key, so that no pattern finds them. */
export function newMarks() {
  const mark = () => `m${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
  return {
    // The functions' own.
    google: mark(),
    secret: mark(),
    otherSecret: mark(),
    serviceRole: mark(),
    worker: mark(),
    accessToken: mark(),
    // Parts of addresses that senders and services use.
    sourceUser: mark(),
    sourcePassword: mark(),
    sourcePath: mark(),
    sourceToken: mark(),
    locationUser: mark(),
    locationToken: mark(),
    downloadUser: mark(),
    downloadToken: mark(),
  };
}

export type Marks = ReturnType<typeof newMarks>;

/** A mark in each form in which it may leak, in lower case. */
export function spellings(mark: string): string[] {
  const inBase64 = [0, 1, 2].map((offset) => {
    const text = btoa("-".repeat(offset) + mark);
    return text.slice(Math.ceil(offset * 8 / 6), Math.floor((offset + mark.length) * 8 / 6));
  });
  return [mark, [...mark].reverse().join(""), ...inBase64].map((text) => text.toLowerCase());
}

/** The names of the marks that are in a text. */
export function found(marks: Marks, text: string): string[] {
  const small = text.toLowerCase();
  return Object.entries(marks)
    .filter(([, mark]) => spellings(mark).some((spelling) => small.includes(spelling)))
    .map(([name]) => name);
}

/** What a careless service repeats of a request: everything. */
export function confession({ google, secret, serviceRole, worker, otherSecret }: Marks): string {
  return `x-goog-api-key: ${google} authorization: Bearer ${secret} apikey: ${secret} ` +
    `https://u:${google}@api.test/?key=${google} ${google.toUpperCase()} "${btoa(google)}" ` +
    `Basic ${btoa(`user:${secret}`)} ${encodeURIComponent(google)} (${google}), ${secret}; ` +
    // It does not have these unless a function sends them.
    [serviceRole, worker, otherSecret].map((key) => key.length).join();
}
