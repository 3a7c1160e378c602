// SPDX-License-Identifier: ISC
// Pictures of 2 MB, on every way on which they reach a visitor, beside a gateway and a proxy on the same upstream: how many a second, how long
// each takes, what CPU time and memory they cost which process.
import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { startSite } from '../../site/harness.mjs';
import { load, takeSet } from '../load.mjs';
import { by, cpu, less, peakRss, total, watchMemory } from '../machine.mjs';
import { gatewayHeaders, imageCall, SET_MAX, startGateway, startProxy, startUpstream } from '../peers.mjs';
import { png } from '../picture.mjs';
import { inTurn, median, number, of, ratioOf, row, seconds, spread } from '../rows.mjs';

const CLIENTS = 8;
const apiCall = '{"model":"default","prompt":"A calm still life with paper and light.","response_format":"b64_json"}';
const bare = (name) => !['inline', 'small', 'api'].includes(name); // nothing but what everybody gets

// What an hour would end by itself: at 200 pictures a second it would be 1.4 TB.
function sweep(site) {
  const spool = join(site.run, 'spool');
  return setInterval(() => {
    for (const name of readdirSync(spool)) {
      try {
        if (name.endsWith('.zip') && Date.now() - statSync(join(spool, name)).mtimeMs > 3000) unlinkSync(join(spool, name));
      } catch { /* ended by the suite */ }
    }
  }, 500);
}

export default async function pictures(folder) {
  const picture = png(1024, 1024, 5);
  const upstream = await startUpstream(folder, picture);
  const site = await startSite({ testing: true, env: { LETHE_SANDBOX: '', ...upstream.settings } });
  const portkey = await startGateway();
  const proxy = await startProxy(folder, upstream);
  const sweeper = sweep(site);
  const call = (headers, path = '/v1/images/generations', body = imageCall) => async (connection) => {
    const answer = await connection.request('POST', path, { headers, body });
    if (answer.status !== 200 || answer.bytes < (picture.length * 4) / 3) throw new Error(`${answer.status}, ${answer.bytes} bytes`);
    return 1;
  };
  const set = (how) => (connection) => takeSet(connection, { least: picture.length, ...how });
  const measured = (peer, one) => async (time = seconds / 2) => {
    const before = cpu(peer.processes());
    const { result, peak, by: share } = await watchMemory(peer.processes, () => load(peer.port, one, { clients: CLIENTS, time }));
    const used = by(less(cpu(peer.processes()), before), result.pictures);
    return { ...result, cpu: total(used), used, peak, share, rss: peakRss(peer.processes()) };
  };
  const ways = {
    json: ['JSON, pictures by URL', measured(site, set({ form: 'json', count: 1 }))],
    events: ['events, pictures by URL', measured(site, set({ form: 'events', count: 1 }))],
    set: [`events, pictures by URL, sets of ${SET_MAX}`, measured(site, set({ form: 'events', count: SET_MAX }))],
    small: ['events, thumbnails first', measured(site, set({ form: 'events', count: 1, thumbnails: true }))],
    api: ['the API, b64_json', measured(site, call({ 'Content-Type': 'application/json' }, '/v1/images/generations', apiCall))],
    inline: ['JSON, pictures inline in base64', measured(site, set({ form: 'json', count: 1, inline: true }))],
  };
  // One after the other, nothing waits for another: what is added is the way through here.
  const alone = (peer, one) => async (time = seconds / 4) => load(peer.port, one, { clients: 1, time });
  const singly = { straight: alone(upstream, call({ 'Content-Type': 'application/json' })), through: alone(proxy, call({ 'Content-Type': 'application/json' })), ours: alone(site, call({ 'Content-Type': 'application/json' }, '/v1/images/generations', apiCall)) };
  const beside = { portkey: measured(portkey, call(gatewayHeaders(upstream))), proxy: measured(proxy, call({ 'Content-Type': 'application/json' })) };
  try {
    for (const measure of [...Object.values(ways).map((w) => w[1]), ...Object.values(beside), ...Object.values(singly)]) await measure(1);
    const found = await inTurn({ ...Object.fromEntries(Object.entries(ways).map(([name, [, measure]]) => [name, measure])), ...beside, ...singly });
    const detail = (list, member) => Object.fromEntries(Object.keys(list[0][member]).sort().map((name) => [name, median(list.map((r) => r[member][name] || 0))]).filter(([, v]) => v > 0.005));
    const errors = (list) => list.reduce((n, r) => n + r.errors, 0);
    for (const [name, [what]] of Object.entries(ways)) {
      const list = found[name];
      row(`2 MB pictures, ${CLIENTS} clients: ${what}`, spread(of(list, 'rate')), 'pictures/s', { beside: 'Portkey', other: median(of(found.portkey, 'rate')), ratio: ratioOf(of(list, 'rate'), of(found.portkey, 'rate')),
        aim: bare(name) || name === 'api' ? '>= 10' : undefined, errors: errors(list) + errors(found.portkey), say: `pictures of 2 MB a second, ${CLIENTS} clients: ${what}` });
      row('  CPU of all processes per picture', spread(of(list, 'cpu')), 'ms', { beside: 'Portkey', other: median(of(found.portkey, 'cpu')), aim: bare(name) ? '<= 5' : name === 'api' ? '<= 4' : undefined, detail: detail(list, 'used'),
        say: `CPU time of all programs for each: ${what}` });
      if (name === 'small')
        row('    of which for its thumbnail in the worker', spread(list.map((r) => r.used.worker)), 'ms', { aim: '<= 25', say: 'CPU time for the thumbnail of a picture of 2 MB, the process for it included' });
      row('  p50 until the last byte', spread(of(list, 'p50')), 'ms');
      if (name === 'json' || name === 'events')
        row('  p99 until the last byte, beside the p50 of Portkey', spread(of(list, 'p99')), 'ms', { beside: 'Portkey p50', other: median(of(found.portkey, 'p50')), ratio: ratioOf(of(found.portkey, 'p50'), of(list, 'p99')), aim: '>= 1',
          say: `time until the last byte, p99, beside the p50 of the gateway: ${what}` });
      else row('  p99 until the last byte', spread(of(list, 'p99')), 'ms');
      row('  most memory of all processes together', spread(of(list, 'peak').map((kib) => kib / 1024)), 'MiB', { beside: 'Portkey', other: median(of(found.portkey, 'peak')) / 1024,
        detail: Object.fromEntries(Object.entries(detail(list, 'share')).map(([program, kib]) => [`${program}, of which resident at most ${number((list.at(-1).rss[program] || 0) / 1024)} MiB`, kib / 1024])) });
    }
    const added = (list) => list.map((r, i) => r.p50 - found.straight[i].p50);
    row('a picture of 2 MB by the API, one client: p50 added to that of the upstream', spread(added(found.ours)), 'ms', { beside: 'nginx proxy_pass adds', other: median(added(found.through)), aim: '<= 5', errors: errors(found.ours), say: 'p50 that the API adds to a picture of 2 MB from an upstream that answers at once, one client' });
    for (const [name, list] of Object.entries({ 'Portkey, one call': found.portkey, 'nginx proxy_pass, one call': found.proxy })) {
      row(`2 MB pictures, ${CLIENTS} clients: ${name}`, spread(of(list, 'rate')), 'pictures/s', { errors: errors(list), say: `the same upstream through ${name}, nothing checked, marked or kept` });
      row('  CPU of all processes per picture', spread(of(list, 'cpu')), 'ms', { detail: detail(list, 'used') });
      row('  p50', spread(of(list, 'p50')), 'ms');
      row('  p99', spread(of(list, 'p99')), 'ms');
      row('  most memory of all processes together', spread(of(list, 'peak').map((kib) => kib / 1024)), 'MiB');
    }
  } finally {
    clearInterval(sweeper);
    portkey.stop();
    await proxy.stop();
    await site.stop();
    await upstream.stop();
  }
}
