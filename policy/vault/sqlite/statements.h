// SPDX-License-Identifier: ISC
// Every statement with its name, written so that PostgreSQL takes it too, but the first two. Included where STATEMENT(name, text) says what to make of it.

// The events that the officer's command looks for among all the others. SQLite uses the partial index only where a query says the same.
#define NOTABLE "name IN ('activation', 'refused-region')"
#define RECORD  "r.id, r.kind, r.state, r.made, r.due, r.subject, r.key, r.file, r.facts"
#define OF_PERSON                                                                                                                          \
	" FROM record r WHERE r.id = $1 OR r.subject = $2 OR r.id IN (SELECT record FROM tag WHERE name = $3 AND hash = $4) LIMIT $5"
// Of each mark the same columns; NULL or 0 is what it does not have.
#define SELECT_HEAD       "SELECT size, at, range, seal, NULL, NULL, 0, 0, 0 FROM ledger_head"
#define SELECT_CHECKPOINT "SELECT size, at, range, NULL, root, note, 0, 0, 0 FROM checkpoint"
#define SELECT_SEGMENT    "SELECT size, last_at, range, seal, root, NULL, start, first_at, there FROM segment"
#define CLOSED_END        "coalesce((SELECT max(size) FROM segment), 0)"
#define EVENT             "seq, at, name, policy, details, commitment, seal"
#define PAYLOADS                                                                                                                           \
	"WHERE seq IN (SELECT seq FROM ledger_payload WHERE subject = $1 UNION ALL "                                                       \
	"SELECT seq FROM (SELECT seq FROM ledger_payload WHERE due <= $2 ORDER BY due, seq LIMIT $3) AS due)"
// What an erasure that is not finished looks for is no more to be opened once it is.
#define COPY_LEAVES "due <= $1 OR seq IN (SELECT seq FROM ledger WHERE name = 'erasure')"

// SQLite's own
STATEMENT(BEGIN, "BEGIN IMMEDIATE")
STATEMENT(COMMIT, "COMMIT")

// vault.db
STATEMENT(RECORD_PUT,
	  "INSERT INTO record(id, kind, state, made, due, subject, key, file, facts, body) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
STATEMENT(RECORD_GET, "SELECT " RECORD ", r.body FROM record r WHERE r.id = $1")
STATEMENT(RECORD_FIND, "SELECT " RECORD ", r.body FROM tag t JOIN record r ON r.id = t.record "
		       "WHERE t.name = $1 AND t.hash = $2 AND r.kind = $3 AND (r.due IS NULL OR r.due > $4) LIMIT 1")
STATEMENT(RECORD_OF_KIND, "SELECT " RECORD " FROM record r WHERE r.kind = $1 AND (r.made, r.id) > ($2, $3) ORDER BY r.made, r.id LIMIT $4")
STATEMENT(RECORD_OF_PERSON, "SELECT " RECORD OF_PERSON)
STATEMENT(RECORD_OF_PERSON_WHOLE, "SELECT " RECORD ", r.body" OF_PERSON)
STATEMENT(RECORD_WITH_FILE, "SELECT " RECORD " FROM record r WHERE r.file = 1 AND r.id > $1 ORDER BY r.id LIMIT $2")
STATEMENT(RECORD_DUE, "SELECT " RECORD " FROM record r WHERE r.kind = $1 AND r.due <= $2 LIMIT $3")
// What no index has; and what some do, where it changes: to set it writes the indexes, whether it is the same or not.
STATEMENT(RECORD_UPDATE, "UPDATE record SET state = $2, facts = $6, body = coalesce($7, body) WHERE id = $1")
STATEMENT(RECORD_REINDEX,
	  "UPDATE record SET due = $3, key = $4, file = $5 WHERE id = $1 AND (due, key, file) IS DISTINCT FROM ($3, $4, $5)")
STATEMENT(RECORD_KEY_END, "INSERT INTO ended_key(key) SELECT key FROM record WHERE id = $1 AND key IS NOT NULL ON CONFLICT(key) DO NOTHING")
STATEMENT(RECORD_DELETE, "DELETE FROM record WHERE id = $1")
STATEMENT(RECORD_NEWEST, "SELECT key, made FROM record WHERE kind = $1 AND key IS NOT NULL ORDER BY made DESC, id DESC LIMIT 1")
STATEMENT(TAG_PUT, "INSERT INTO tag(record, name, hash) VALUES($1, $2, $3)")
STATEMENT(TAG_DELETE, "DELETE FROM tag WHERE record = $1")
STATEMENT(TAG_END, "DELETE FROM tag WHERE record = $1 AND name = $2")
STATEMENT(TAG_OF_RECORD, "SELECT name, hash FROM tag WHERE record = $1 ORDER BY name")
STATEMENT(RECORD_WITH_HASH,
	  "SELECT " RECORD " FROM record r WHERE r.subject = $1 OR r.id IN (SELECT record FROM tag WHERE hash = $1) LIMIT $2")
STATEMENT(KIND_SUMMARIES,
	  "SELECT kind, count, (SELECT min(made) FROM record WHERE kind = t.kind), (SELECT max(made) FROM record WHERE kind = t.kind), "
	  "(SELECT min(due) FROM record WHERE kind = t.kind AND due IS NOT NULL) FROM tally t WHERE count > 0 ORDER BY kind")
STATEMENT(NUMBER_GET, "SELECT value FROM fact WHERE name = $1")
STATEMENT(NUMBER_SET, "INSERT INTO fact(name, value) VALUES($1, $2) ON CONFLICT(name) DO UPDATE SET value = excluded.value")
STATEMENT(KEY_END_LATER, "INSERT INTO ended_key(key) VALUES($1) ON CONFLICT(key) DO NOTHING")
STATEMENT(KEY_TO_END,
	  "SELECT key, EXISTS(SELECT 1 FROM record r WHERE r.key = e.key) OR EXISTS(SELECT 1 FROM ledger_payload p WHERE p.key = e.key) "
	  "FROM ended_key e ORDER BY key")
STATEMENT(KEY_FORGET, "DELETE FROM ended_key WHERE key = $1")
STATEMENT(HEAD_GET, SELECT_HEAD " WHERE only = 1")
STATEMENT(HEAD_SET, "INSERT INTO ledger_head(only, size, at, range, seal) VALUES(1, $1, $2, $3, $4) "
		    "ON CONFLICT(only) DO UPDATE SET size = excluded.size, at = excluded.at, range = excluded.range, seal = excluded.seal")
STATEMENT(LEDGER_PUT, "INSERT INTO ledger(" EVENT ") VALUES($1, $2, $3, $4, $5, $6, $7)")
STATEMENT(LEDGER_PAGE, "SELECT " EVENT " FROM ledger WHERE seq >= $1 ORDER BY seq LIMIT $2")
STATEMENT(LEDGER_NOTABLE, "SELECT " EVENT " FROM ledger WHERE " NOTABLE " AND seq >= $1 ORDER BY seq LIMIT $2")
STATEMENT(LEDGER_SPAN, "SELECT (SELECT max(seq) FROM ledger), closed, "
		       "coalesce((SELECT first_at FROM segment WHERE there = 1 ORDER BY size LIMIT 1), "
		       "(SELECT at FROM ledger WHERE seq >= coalesce(closed, 0) ORDER BY seq LIMIT 1)), "
		       "(SELECT at FROM ledger_head WHERE only = 1), (SELECT count(*) FROM segment WHERE there = 1) "
		       "FROM (SELECT max(size) AS closed FROM segment) AS s")
STATEMENT(LEDGER_TRIM, "DELETE FROM ledger WHERE seq >= $1 AND seq < $2 AND NOT " NOTABLE)
STATEMENT(SEGMENT_PUT,
	  "INSERT INTO segment(size, last_at, range, seal, root, start, first_at, there) VALUES($1, $2, $3, $4, $5, $7, $8, $9)")
STATEMENT(SEGMENT_END, "UPDATE segment SET there = 0 WHERE size > $1 AND size <= $2 AND there = 1")
STATEMENT(SEGMENT_DELETE, "DELETE FROM segment WHERE size > $1 AND size <= $2")
STATEMENT(SEGMENT_FROM, SELECT_SEGMENT " WHERE size >= $1 ORDER BY size LIMIT 1")
STATEMENT(SEGMENT_UP_TO, SELECT_SEGMENT " WHERE size <= $1 ORDER BY size DESC LIMIT 1")
STATEMENT(PAYLOAD_PUT, "INSERT INTO ledger_payload(seq, subject, due, key, body) VALUES($1, $2, $3, $4, $5)")
STATEMENT(PAYLOAD_GET, "SELECT seq, subject, key, body FROM ledger_payload WHERE seq >= $1 ORDER BY seq LIMIT 1")
STATEMENT(PAYLOAD_OF, "SELECT seq, subject, key, body FROM ledger_payload WHERE subject = $2 AND seq >= $1 ORDER BY seq LIMIT 1")
STATEMENT(PAYLOAD_KEYS_END, "INSERT INTO ended_key(key) SELECT key FROM ledger_payload " PAYLOADS " ON CONFLICT(key) DO NOTHING")
STATEMENT(PAYLOAD_DELETE, "DELETE FROM ledger_payload " PAYLOADS)
STATEMENT(CHECKPOINT_PUT, "INSERT INTO checkpoint(size, at, range, root, note) VALUES($1, $2, $3, $5, $6)")
STATEMENT(CHECKPOINT_END, "DELETE FROM checkpoint WHERE size BETWEEN $1 AND $2 AND size NOT IN (SELECT max(size) FROM checkpoint "
			  "WHERE size BETWEEN $1 AND $2 GROUP BY at / 86400)")
STATEMENT(CHECKPOINT_FROM, SELECT_CHECKPOINT " WHERE size >= $1 ORDER BY size LIMIT 1")
STATEMENT(CHECKPOINT_UP_TO, SELECT_CHECKPOINT " WHERE size <= $1 ORDER BY size DESC LIMIT 1")

// a copy of vault.db for a backup
STATEMENT(COPY_END_KEYS,
	  "INSERT INTO ended_key(key) SELECT key FROM record WHERE due <= $1 AND key IS NOT NULL ON CONFLICT(key) DO NOTHING")
STATEMENT(COPY_END_PAYLOAD_KEYS,
	  "INSERT INTO ended_key(key) SELECT key FROM ledger_payload WHERE " COPY_LEAVES " ON CONFLICT(key) DO NOTHING")
STATEMENT(COPY_END_TAGS, "DELETE FROM tag WHERE record IN (SELECT id FROM record WHERE due <= $1)")
STATEMENT(COPY_END_RECORDS, "DELETE FROM record WHERE due <= $1")
STATEMENT(COPY_END_PAYLOADS, "DELETE FROM ledger_payload WHERE " COPY_LEAVES)
STATEMENT(COPY_COUNT, "SELECT (SELECT count(*) FROM record), coalesce((SELECT size FROM ledger_head), 0)")

// keys.db
STATEMENT(KEY_PUT, "INSERT INTO key(id, kind, scope, made, wrapped) VALUES($1, $2, $3, $4, $5)")
STATEMENT(KEY_GET, "SELECT id, kind, scope, made, wrapped FROM key WHERE id = $1")
STATEMENT(KEY_FROM, "SELECT id, kind, scope, made, wrapped FROM key WHERE kind = $1 AND scope >= $2 ORDER BY scope LIMIT $3")
STATEMENT(KEY_ANY, "SELECT 1 FROM key LIMIT 1")
STATEMENT(KEY_LACKS, "SELECT NOT EXISTS(SELECT 1 FROM key WHERE id = $1) AND coalesce((SELECT max(made) FROM key), 0) < $2")
STATEMENT(KEY_ALL, "SELECT id, kind, scope, made, wrapped FROM key ORDER BY rowid")
STATEMENT(KEY_WRAP, "UPDATE key SET wrapped = $2 WHERE id = $1")
STATEMENT(KEY_DELETE, "DELETE FROM key WHERE id = $1")

// log/YYYY-MM-DD.db
STATEMENT(LOG_PUT, "INSERT INTO line(at, address_hash, receipt_hash, body) VALUES($1, $2, $3, $4)")
STATEMENT(LOG_SUMMARY, "SELECT lines, oldest, newest FROM summary WHERE only = 1")
STATEMENT(LOG_SUMMARY_ADD,
	  "UPDATE summary SET lines = lines + $1, oldest = CASE WHEN oldest IS NULL OR oldest > $2 THEN $2 ELSE oldest END, "
	  "newest = CASE WHEN newest IS NULL OR newest < $3 THEN $3 ELSE newest END WHERE only = 1")
STATEMENT(LOG_COUNT, "SELECT count(*) FROM line WHERE (address_hash = $1 OR receipt_hash = $2) AND at <= $3")
STATEMENT(LOG_FIND, "SELECT at, address_hash, receipt_hash, body FROM line WHERE address_hash = $1 OR receipt_hash = $2 ORDER BY at, rowid")
STATEMENT(LOG_OF_ADDRESS, "SELECT at, address_hash, receipt_hash, body FROM line WHERE address_hash = $1 ORDER BY rowid")
STATEMENT(LOG_OF_RECEIPT, "SELECT at, address_hash, receipt_hash, body FROM line WHERE receipt_hash = $2 ORDER BY rowid")
STATEMENT(LOG_DELETE, "DELETE FROM line WHERE (address_hash = $1 OR receipt_hash = $2) AND at <= $3")
