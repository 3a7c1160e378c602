// SPDX-License-Identifier: ISC
// What the Content-Type of a page says of it, for who fetches it and who reads it.
#ifndef LETHE_IPC_PAGE_TYPE_H
#define LETHE_IPC_PAGE_TYPE_H

enum page_type {
	PAGE_NONE, // certainly no page
	PAGE_HTML,
	PAGE_XHTML,
	PAGE_XML,        // a page if its bytes are XHTML
	PAGE_UNDECLARED, // no type, one that says nothing, or what is no type: the bytes tell
};
// `type` may be NULL.
enum page_type page_type_of(const char *type);

#endif
