// SPDX-License-Identifier: ISC
// A site with the vendors that a test wants, in its order, all of them played by the stand-in at their own addresses.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, startSite } from './harness.mjs';

const rows = JSON.parse(readFileSync(join(root, 'policy/processors/processors.json'), 'utf8'));
const countries = { auto: 'US', us: 'US', cn: 'CN', 'cn-beijing': 'CN' };

// The kind without which vendors are asked to delete once and not again, as a shipped policy has it.
const deletion = /    <kind id="deletion"[^]*?<\/kind>\n/.exec(readFileSync(join(root, 'policy/sites/imagedesigner.xml'), 'utf8'))[0];

// The shipped policy with these vendors before its own: { id, roles }; with the kind `deletion` where they are to be asked again.
export function policyText(vendors, again = false) {
  const blocks = vendors.map(({ id, roles, more = '', receives = [] }, i) => {
    const row = rows.find((r) => r.ids.includes(id));
    return `<processor id="${id}" name="${row.owner.replace('&', '&amp;')}" brand="${row.name}" service="${row.name}" roles="${roles}" order="${i + 1}" ${more}
      trains="${row.trains ? 'yes' : 'no'}" policy="${row.policy}" added="2026-05-11" effective="2026-05-11">
      <task>Makes the set</task><for purpose="make"/>
      ${row.hosts.map((h) => `<host>${h}</host>`).join('')}
      <region country="${countries[row.regions[0]]}" place="${row.regions[0]}">${row.regions[0]}</region>
      <receives kind="input"/><receives kind="page"/><receives kind="prompt"/>${receives.map((kind) => `<receives kind="${kind}"/>`).join('')}
      <safeguard type="standard-contractual-clauses" copy="https://eur-lex.europa.eu/eli/dec_impl/2021/914/oj">The standard contractual clauses apply.</safeguard>
      <training>What it does with what it gets is said in its own notice.</training>
      <retention longest="P30D">It may keep what it is sent for up to 30 days.</retention>
    </processor>`;
  });
  return readFileSync(join(root, 'policy/sites/bizimages.xml'), 'utf8')
    .replace(/(?= *<kind id="hold")/, again ? deletion : '')
    .replace('<processors>', `<processors>\n${blocks.join('\n')}`)
    .replace(/(<processor id="azure-openai"[^>]*order=")1"/, '$190"')
    .replace(/(<processor id="sketch"[^>]*order=")2"/, '$191"');
}

export async function startVendorSite(vendors, list, env, { again, ...options } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-vendors-'));
  const policy = join(folder, 'policy.xml');
  writeFileSync(policy, policyText(list, again));
  const site = await startSite({ policy, testing: true, env: { ...env, LETHE_POLICY: policy }, ...options }).catch((error) => { rmSync(folder, { recursive: true }); throw error; });
  const { stop } = site;
  site.stop = async (...words) => { const how = await stop(...words); rmSync(folder, { recursive: true, force: true }); return how; };
  return site;
}
