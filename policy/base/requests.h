// SPDX-License-Identifier: ISC
// How many requests may be waiting for their pictures at once: one setting, LETHE_REQUESTS_MAX, from which all other limits follow, those of
// the programs and those of nginx.
#ifndef LETHE_BASE_REQUESTS_H
#define LETHE_BASE_REQUESTS_H

enum {
	REQUESTS_MOST = 100000,         // that the setting may say
	REQUEST_BYTES = 64 * 1024,      // that one takes while it waits, in nginx and all programs together
	REQUEST_DESCRIPTORS = 2,        // of the program that serves it: the connection of the visitor, that of the call
	REQUESTS_DESCRIPTORS_OWN = 128, // that such a program needs besides, and
	REQUESTS_ARE_MADE = 2,          // one in so many for the files of those that begin or whose pictures come just now
};

unsigned requests_set(void);                           // what LETHE_REQUESTS_MAX says; 0: nothing, or no number from 1 to REQUESTS_MOST
unsigned requests_max(void);                           // that, or what a quarter of the machine's memory is for, up to 10,000
unsigned requests_with(unsigned long descriptors);     // as many as a program with so many descriptors can serve
unsigned long requests_descriptors(unsigned requests); // that a program needs for so many
unsigned requests_connections(unsigned requests);      // that each of nginx's workers needs for so many, with a worker per processor

#endif
