// SPDX-License-Identifier: ISC
// POST /api/rights (and …/plan, …/start, …/look-up, …/add, …/withdraw), GET /api/rights, GET /api/rights/<id>, POST /api/erase, POST /api/export, GET /privacy/live, GET /privacy/live.json.
