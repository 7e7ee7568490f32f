/** What a process has used, as Linux counts it. */

/** The high-water mark of its memory, in bytes. */
export function peakMemory(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}

/** The CPU time of its first thread and of all that are alive, in milliseconds. */
export function cpuTime(pid: number): { first: number; all: number } {
  const tasks = `/proc/${pid}/task`;
  let all = 0;
  for (const { name } of Deno.readDirSync(tasks)) all += onCpu(`${tasks}/${name}`);
  return { first: onCpu(`${tasks}/${pid}`), all };
}

/** The time that a thread was on a CPU, which Linux counts in nanoseconds. */
function onCpu(task: string): number {
  try {
    return Number(Deno.readTextFileSync(`${task}/schedstat`).split(" ")[0]) / 1e6;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || (error as { code?: string }).code === "ESRCH") {
      return 0; // the thread has ended
    }
    throw error;
  }
}
