// SPDX-License-Identifier: ISC
// Small pictures: what a set costs besides its bytes, beside a gateway that makes one call and keeps nothing.
import { startSite } from '../../site/harness.mjs';
import { post, wrk } from '../load.mjs';
import { gatewayHeaders, imageCall, SET_MAX, startGateway, startUpstream } from '../peers.mjs';
import { png } from '../picture.mjs';
import { inTurn, median, of, ratioOf, row, spread } from '../rows.mjs';

export default async function gateway(folder) {
  const upstream = await startUpstream(folder, png(64, 64));
  const site = await startSite({ testing: true, env: { LETHE_SANDBOX: '', ...upstream.settings } });
  const portkey = await startGateway();
  try {
    const ours = (count, time) => wrk(folder, `${site.url}/api/generate`, { time, script: post(JSON.stringify({ description: 'A calm shop for paper and ink.', count }), { 'Content-Type': 'application/json', Accept: 'application/json' }) });
    const theirs = () => wrk(folder, `http://127.0.0.1:${portkey.port}/v1/images/generations`, { script: post(imageCall, gatewayHeaders(upstream)) });
    ours(1, 2);
    const { one, eight, call } = await inTurn({ one: () => ours(1), call: theirs, eight: () => ours(SET_MAX) });
    const errors = (...lists) => lists.flat().reduce((n, r) => n + r.errors, 0);
    row('sets of one small picture, 32 clients: whole (prompts, image, ledger, ZIP)', spread(of(one, 'rate')), 'sets/s', { beside: 'Portkey, one image call', other: median(of(call, 'rate')),
      ratio: ratioOf(of(one, 'rate'), of(call, 'rate')), aim: '>= 2', errors: errors(one, call), say: 'whole sets of one small picture a second (prompts, picture, durable log row, ledger, ZIP), 32 clients, an upstream that answers at once' });
    for (const p of ['p50', 'p99']) row(`  ${p} of the whole set`, spread(of(one, p)), 'ms', { beside: 'Portkey', other: median(of(call, p)), ratio: ratioOf(of(call, p), of(one, p)) });
    const pictures = of(eight, 'rate').map((rate) => rate * SET_MAX);
    row(`  in sets of ${SET_MAX}: pictures`, spread(pictures), 'pictures/s', { beside: 'Portkey, image calls', other: median(of(call, 'rate')), ratio: ratioOf(pictures, of(call, 'rate')),
      errors: errors(eight), say: `small pictures a second in sets of ${SET_MAX}, the same clients and upstream` });
  } finally { portkey.stop(); await site.stop(); await upstream.stop(); }
}
