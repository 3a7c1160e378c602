// SPDX-License-Identifier: ISC
// What a program tells systemd (sd_notify(3), Type=notify): that it serves, that it still turns, that it is about to end. Without
// NOTIFY_SOCKET in the environment nothing is told. One thread.
#ifndef LETHE_IPC_SUPERVISOR_H
#define LETHE_IPC_SUPERVISOR_H

enum { SUPERVISOR_TURN_MS = 15000 }; // how seldom a loop may call supervisor_alive(); WatchdogSec= must be at least four times that

// Before the sandbox, in which a program may be forbidden to connect.
void supervisor_open(void);
// The program serves from now on.
void supervisor_ready(void);
// For a program's loop, at each turn: tells it as often as the watchdog wants.
void supervisor_alive(void);
// The loop is over; what is under way is finished within this time, in which supervisor_alive() is not called.
void supervisor_stopping(unsigned within_ms);

#endif
