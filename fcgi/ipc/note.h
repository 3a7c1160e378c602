// SPDX-License-Identifier: ISC
// What the programs say: lines on stderr, "program: message". Never personal data. There is no other log.
#ifndef LETHE_IPC_NOTE_H
#define LETHE_IPC_NOTE_H

void note_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The name before each line, which must stay; until then, that of the executable file.
void note_program(const char *name);

#endif
