// SPDX-License-Identifier: ISC
// The lock of the stores (policy/vault/sqlite/store.c) around SQLite's write-ahead log: Promela, for spin.
//
// SQLite 3.7.0 to 3.51.2 loses a transaction where a checkpoint goes by a head of the log that it read before another connection began the log anew (the
// "WAL-reset" bug; sqlite.org/wal.html#walresetbug). The steps below are those of SQLite 3.40's wal.c: its own locks (WRITER, CKPT, READ 0), the head in
// shared memory, and how far the log was copied into the file. Around them is our lock as the code has it: held from BEGIN IMMEDIATE to after COMMIT,
// which includes the checkpoint that SQLite makes by itself, and around each wal_checkpoint, VACUUM and incremental_vacuum.
//
// What must hold: whatever was acknowledged is in the file or in the log; and nobody waits for ever, though there are two lanes, each with a lock and a
// log of its own.
//
//   spin -a wal.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan            holds
//   … spin -DUNLOCKED=1 …                                                our lock is not taken: an acknowledged transaction is lost
//   … spin -DREVERSED=1 …                                                somebody takes the lanes in the other order: all wait for ever
#ifndef UNLOCKED
#define UNLOCKED 0
#endif
#ifndef REVERSED
#define REVERSED 0
#endif
#define FRAMES 5  // of the log
#define WRITERS 2 // each a process, or a thread that leads
#define PUTS 2    // of each

// ---- the records: vault.db with its log ----

bool our_lock = false, writer_lock = false, ckpt_lock = false; // ours is the flock on vault.lock
byte read0 = 0;                                                // who reads the file alone; 255: a checkpoint writes to it
byte head = 0;                                                 // frames that are committed (mxFrame)
byte backfill = 0;                                             // of them in the file (nBackfill)
byte log_frame[FRAMES];                                        // which transaction a frame has; 0 none
bool in_file[8], acknowledged[8];                              // by transaction
byte log_lane = 0;                                             // the flock of the request log's lane: 1 taken

inline enter_records() { if :: UNLOCKED -> skip :: else -> atomic { !our_lock -> our_lock = true } fi }
inline leave_records() { if :: UNLOCKED -> skip :: else -> our_lock = false fi }
inline enter_log() { atomic { log_lane == 0 -> log_lane = 1 } }
inline leave_log() { log_lane = 0 }

// A frame for each transaction, each of a page of its own.
inline commit(t)
{
	atomic { !writer_lock -> writer_lock = true } // BEGIN IMMEDIATE
	atomic { // walTryBeginRead: where all of the log is in the file, the file is read alone
		reads_file = (backfill == head && read0 != 255);
		if :: reads_file -> read0++ :: else -> skip fi
	}
	if
	:: reads_file && backfill > 0 -> // walRestartLog
		d_step { head = 0; backfill = 0 }
	:: else -> skip
	fi
	mine = head;
	assert(mine < FRAMES);
	log_frame[mine] = t;
	head = mine + 1; // COMMIT: the log is synced, then the head written
	acknowledged[t] = true;
	atomic {
		if :: reads_file -> read0-- :: else -> skip fi
		writer_lock = false
	}
}

// sqlite3WalCheckpoint. PASSIVE does without the writer's lock; TRUNCATE has it, and empties the log at the end.
inline checkpoint(truncates)
{
	if
	:: atomic { !ckpt_lock -> ckpt_lock = true }
		if
		:: truncates -> atomic { !writer_lock -> writer_lock = true }
		:: else -> skip
		fi
		seen = head; // walIndexReadHdr: from here on its own copy
		from = backfill;
		if
		:: from < seen ->
			if
			:: atomic { read0 == 0 -> read0 = 255 } // walBusyLock(READ 0)
				from = backfill;
				i = from;
				do
				:: i < seen -> in_file[log_frame[i]] = true; i++
				:: else -> break
				od;
				backfill = seen;
				read0 = 0
			:: atomic { read0 != 0 -> skip } // SQLITE_BUSY: another time
			fi
		:: else -> skip
		fi;
		if
		:: truncates ->
			d_step { if :: backfill == seen && head == seen -> head = 0; backfill = 0 :: else -> skip fi }
			writer_lock = false
		:: else -> skip
		fi
		ckpt_lock = false
	:: atomic { ckpt_lock -> skip } // SQLITE_BUSY: another time
	fi
}

// ---- who there is ----

// A program that stores records: each COMMIT may be followed by the checkpoint that SQLite makes by itself, before our lock is given back.
proctype writer(byte number)
{
	byte n = 0, mine, seen, from, i;
	bool reads_file;

	do
	:: n < PUTS ->
		enter_records();
		commit(number * PUTS + n + 1);
		if
		:: checkpoint(false)
		:: skip
		fi;
		leave_records();
		n++
	:: else -> break
	od
}

// lethe prune, lethe erase, the officer: both lanes, that of the log first; empties the log of the records.
proctype officer()
{
	byte seen, from, i;

	if
	:: REVERSED -> enter_records(); enter_log()
	:: else -> enter_log(); enter_records()
	fi;
	checkpoint(true);
	leave_records();
	leave_log()
}

// A program that writes a row of the request log, the day's first one: the key of the day is a record, made while the log's lane is held.
proctype logger()
{
	byte mine, seen, from, i;
	bool reads_file;

	enter_log();
	enter_records();
	commit(WRITERS * PUTS + 1);
	leave_records();
	leave_log()
}

// ---- what must hold ----

#define visible(t)                                                                                                                     \
	(!acknowledged[t] || in_file[t] || (head > 0 && log_frame[0] == t) || (head > 1 && log_frame[1] == t) ||                       \
	 (head > 2 && log_frame[2] == t) || (head > 3 && log_frame[3] == t) || (head > 4 && log_frame[4] == t))

proctype monitor()
{
end:	atomic { !(visible(1) && visible(2) && visible(3) && visible(4) && visible(5)) -> assert(false) }
}

init
{
	atomic { run writer(0); run writer(1); run officer(); run logger(); run monitor() }
}
