/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

import type { TemplateResult } from "../vendor/lit-html/lit-html.js";
import type { Project } from "../data/project.js";

export interface Context {
  project: Project;
  /** What the last action led to. */
  notice: string;
  act(action: () => Promise<string>): Promise<void>;
}

/** What an address shows. */
export interface View {
  title: string;
  /** Reads what it shows; answers after how many seconds it is to be called again. */
  refresh(): Promise<number>;
  draw(): TemplateResult;
}
