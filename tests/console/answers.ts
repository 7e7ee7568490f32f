import { Project } from "../../console/data/project.js";

export type Arguments = Record<string, unknown>;

/** A project that answers from a test. */
export class Answers extends Project {
  readonly asked: [string, Arguments][] = [];

  constructor(readonly answer: (name: string, args: Arguments) => unknown) {
    super({ url: "http://project" });
  }

  // deno-lint-ignore no-explicit-any
  override async call(name: string, args: Arguments = {}): Promise<any> {
    this.asked.push([name, args]);
    return await this.answer(name, args);
  }

  // deno-lint-ignore no-explicit-any
  override async rows(name: string, query: Record<string, string> = {}): Promise<any[]> {
    return await this.call(name, query);
  }
}
