// SPDX-License-Identifier: ISC
// The rows of the table: each a median of rounds, with the least and the most of them, what stands beside it, and whether its aim is met.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

export const rounds = Number(process.env.ROUNDS || 5);
export const seconds = Number(process.env.SECONDS || 8);

export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
export const percentile = (list, p) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor((list.length * p) / 100))];
export const spread = (list) => ({ value: median(list), least: Math.min(...list), most: Math.max(...list) });

let group = ''; // whose rows come now
export const begin = (name) => { group = name; };

const results = {
  date: new Date().toISOString(),
  cores: Number(execFileSync('nproc', { encoding: 'utf8' })),
  processor: cpus()[0]?.model,
  rounds,
  seconds,
  rows: [],
};

const holds = { '>=': (a, b) => a >= b, '<=': (a, b) => a <= b, '<': (a, b) => a < b, '=': (a, b) => a === b };

// `value`: a number, or what spread() gave. Options: beside and other (what was measured beside it), ratio, aim ('>= 10', of the ratio where
// there is one), errors, detail (an object), say (the row's words in the README).
export function row(what, value, unit, options = {}) {
  const r = { group, what, unit, ...(typeof value === 'object' ? value : { value }), ...options };
  if (r.aim) {
    const [, how, limit] = r.aim.match(/^(>=|<=|<|=) (.*)$/);
    r.missed = !holds[how](r.ratio ?? r.value, Number(limit));
  }
  results.rows.push(r);
}

// Rounds of all contenders in turn, so that what else the machine does hits each of them. Gives for each the list of what it measured.
export async function inTurn(contenders, times = rounds) {
  const lists = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let i = 0; i < times; i++) for (const [name, measure] of Object.entries(contenders)) lists[name].push(await measure());
  return lists;
}
export const of = (list, member) => list.map((r) => r[member]);
// Of neighbours in time: the machine is not equally fast all the while.
export const ratioOf = (a, b) => median(a.map((v, i) => v / b[i]));

export const number = (n) => (n === undefined ? '' : typeof n !== 'number' ? String(n) : n >= 100 ? n.toFixed(0) : n >= 1 ? n.toFixed(1) : n.toFixed(3));
const range = (r) => (r.least === undefined || r.least === r.most ? '' : `${number(r.least)}–${number(r.most)}`);
const aimOf = (r) => (r.aim ? `aim ${r.aim}${r.missed ? ': MISSED' : ''}` : '');

// Prints the table and writes it to a file, in which the rows of other groups stay, with the date of their run. Gives how many rows missed
// their aim.
export function finish(file) {
  for (const r of results.rows) {
    const beside = r.beside ? `${r.beside}: ${number(r.other)}${r.ratio === undefined ? '' : `  ratio ${number(r.ratio)}`}` : '';
    const words = [range(r), beside, r.errors ? `ERRORS ${r.errors}` : '', aimOf(r)].filter(Boolean).join('  ');
    console.log(`${r.what.padEnd(92)} ${number(r.value).padStart(9)} ${r.unit.padEnd(11)} ${words}`);
    for (const [name, value] of Object.entries(r.detail || {})) console.log(`    ${name.padEnd(88)} ${number(value).padStart(9)}`);
  }
  const missed = results.rows.filter((r) => r.missed).length;
  if (missed) console.log(`${missed} of ${results.rows.filter((r) => r.aim).length} aims were missed.`);
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { rows: [] };
  const stays = before.rows.filter((r) => r.group && !results.rows.some((now) => now.group === r.group)).map((r) => ({ date: before.date, ...r }));
  writeFileSync(file, JSON.stringify({ ...results, rows: [...results.rows, ...stays] }, null, 2));
  return missed;
}

// The rows that the README shows, as its table.
export function markdown({ rows }) {
  const cell = (r) => `${number(r.value)}${range(r) ? ` (${range(r)})` : ''} ${r.unit}`;
  const beside = (r) => [r.beside ? `${r.beside}: ${number(r.other)}${r.ratio === undefined ? '' : `; ${number(r.ratio)} times`}` : '', aimOf(r)].filter(Boolean).join('; ');
  return ['| measured | here | beside it, aim |', '|---|---|---|', ...rows.filter((r) => r.say).map((r) => `| ${r.say} | ${cell(r)} | ${beside(r)} |`)].join('\n');
}
