// SPDX-License-Identifier: ISC
// What processes cost: CPU time and memory by program, and a cgroup that limits all of them.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { until } from '../site/harness.mjs';

const TICK_MS = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

const read = (path) => { try { return readFileSync(path, 'utf8'); } catch { return ''; } };
function sumBy(processes, valueOf) {
  const by = {};
  for (const { pid, name } of processes) by[name] = (by[name] || 0) + valueOf(pid);
  return by;
}
export const total = (by) => Object.values(by).reduce((a, b) => a + b, 0);

// CPU milliseconds by program since each began, with those of the children that ended.
export const cpu = (processes) => sumBy(processes, (pid) => {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15).reduce((a, b) => a + Number(b), 0) * TICK_MS;
});
export const less = (after, before) => Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] || 0)]));
export const by = (each, divisor) => Object.fromEntries(Object.entries(each).map(([name, value]) => [name, value / divisor]));

// KiB by program: shared pages counted by share (Pss), and the most that was ever resident in each process (VmHWM).
export const pss = (processes) => sumBy(processes, (pid) => Number(read(`/proc/${pid}/smaps_rollup`).match(/^Pss:\s+(\d+)/m)?.[1] || 0));
export const peakRss = (processes) => sumBy(processes, (pid) => Number(read(`/proc/${pid}/status`).match(/^VmHWM:\s+(\d+)/m)?.[1] || 0));

// The most memory (Pss) that the processes had together while `work` was done: {result, peak (KiB), by}.
export async function watchMemory(processes, work, everyMs = 200) {
  let peak = 0;
  let at = {};
  const look = () => {
    const now = pss(processes());
    if (total(now) > peak) { peak = total(now); at = now; }
  };
  const timer = setInterval(look, everyMs);
  try {
    const result = await work();
    look();
    return { result, peak, by: at };
  } finally { clearInterval(timer); }
}

// A cgroup, of either version, for processes begun with its `wrap`; null where none can be made. Memory that its processes put into a tmpfs
// counts.
export function limitMemory(bytes) {
  const old = existsSync('/sys/fs/cgroup/memory');
  const folder = join(old ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup', `lethe-bench-${process.pid}`);
  const put = (name, value) => writeFileSync(join(folder, name), String(value));
  try {
    if (!old && !read('/sys/fs/cgroup/cgroup.controllers').includes('memory')) return null;
    if (!old) writeFileSync('/sys/fs/cgroup/cgroup.subtree_control', '+memory');
    mkdirSync(folder);
    put(old ? 'memory.limit_in_bytes' : 'memory.max', bytes);
  } catch { return null; }
  return {
    wrap: ['/bin/sh', '-c', `echo $$ > ${join(folder, 'cgroup.procs')} && exec "$0" "$@"`],
    peak: () => Number(read(join(folder, old ? 'memory.max_usage_in_bytes' : 'memory.peak'))),
    killed: () => Number(read(join(folder, old ? 'memory.oom_control' : 'memory.events')).match(/^oom_kill (\d+)/m)?.[1] || 0),
    remove: () => until(() => { try { rmdirSync(folder); return true; } catch { return false; } }, 5000, 'the end of the cgroup').catch((error) => console.error(`  ${error.message}`)),
  };
}
