/** That doctor looks for all that the migrations make, and for nothing else. */
import { deepEqual } from "node:assert/strict";
import { DATABASE_FUNCTIONS, RELATIONS } from "../../cli/doctor/database_functions.ts";
import { openMigratedPglite } from "../support/pglite.ts";
import { DESCRIBED, type Described } from "./described.ts";

Deno.test("what doctor looks for is what the migrations make", async () => {
  const database = await openMigratedPglite();
  try {
    const { rows } = await database.query<Described>(DESCRIBED);
    const functions = rows.filter(({ kind }) => kind === "function");
    deepEqual(
      Object.fromEntries(functions.map(({ name, arguments: names }) => [name, names])),
      Object.fromEntries(
        Object.entries(DATABASE_FUNCTIONS).map(([name, made]) => [name, made.arguments]),
      ),
    );
    deepEqual(
      rows.filter(({ kind }) => kind === "relation").map(({ name }) => name),
      RELATIONS,
    );
  } finally {
    await database.close();
  }
});
