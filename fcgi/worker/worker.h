// SPDX-License-Identifier: ISC
// The program `worker`: the jobs of ipc/worker_call.h on the listening socket that is descriptor 0.
#ifndef LETHE_WORKER_WORKER_H
#define LETHE_WORKER_WORKER_H

// Prepares what the jobs need from files, enters the sandbox and serves until SIGTERM. Returns the exit status.
int worker_main(void);

#endif
