/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

import type { TemplateResult } from "../vendor/lit-html/lit-html.js";
import type { Project } from "../data/project.js";
import type { Result } from "../model/types.d.ts";

export interface Context {
  project: Project;
  /** What the last action led to. */
  notice?: Result;
  /** Runs an action, says what it led to, and reads again. */
  act(action: () => Promise<string | Result>): Promise<void>;
  /** Reads again what the view shows: after other readings, never beside them. */
  refresh(): void;
}

/** What an address shows. */
export interface View {
  title: string;
  /** Reads what it shows; answers after how many seconds it is to be called again. */
  refresh(): Promise<number>;
  draw(): TemplateResult;
}
