// SPDX-License-Identifier: ISC
// Addresses of the site and of its pages.
#ifndef LETHE_PUBLISH_RENDER_ADDRESS_H
#define LETHE_PUBLISH_RENDER_ADDRESS_H

#include "policy/model/policy.h"

// Where the site is: "https://bizimages.example", without a slash at its end. From the controller's page, else the contact's domain.
void address_site(const struct policy *p, struct buf *out);
// Where a page of this site is in the language of `p`: "/rights", or "/rights.de" where that is not the main one; other addresses as they are.
void address_page(const struct policy *p, const char *to, struct buf *out);

#endif
