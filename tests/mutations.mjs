// SPDX-License-Identifier: ISC
// For each promise of the README's table a small change of the code that keeps it, and the test that must fail with it. `from` stands
// exactly once in the file.
export const mutations = [
  {
    promise: 'no registration, name, mail, phone, billing, profiles',
    file: 'policy/vault/record.c',
    from: 'if (v->policy->kinds[r->kind].keep != KEEP_STORED)',
    to: 'if (v->policy->kinds[r->kind].keep != KEEP_STORED && r->kind == KIND_COUNT)',
    test: ['unit/vault_record_test.c', 'kinds that are not kept are refused'],
  },
  {
    promise: 'request log: address, user agent, time; sealed; at most 14 days',
    file: 'policy/vault/prune.c',
    from: 'request_log_due(v, s.oldest == 0 ? start : s.oldest) > p->horizon',
    to: 'request_log_due(v, s.oldest == 0 ? start : s.oldest) + 86400 > p->horizon',
    test: ['unit/vault_retention_test.c', 'log rows stay fourteen days and no second more'],
  },
  {
    promise: 'no cookies, no third-party resources',
    file: 'policy/publish/documents/headers.c',
    from: '{"img-src", "\'self\' blob: data:", "image"}',
    to: '{"img-src", "*", "image"}',
    test: ['unit/publish_site_test.c', 'headers follow the policy'],
  },
  {
    promise: 'what not to paste, what to check before publishing',
    file: 'policy/publish/documents/notice_parts.c',
    from: '{"advice-paste", part_advice_paste}',
    to: '{"advice-paste", part_advice_publish}',
    test: ['site/visit.test.mjs', 'the notice, the list, and the well-known files are there'],
  },
];
