// SPDX-License-Identifier: ISC
// OpenDSR 2.0, for the domain that LETHE_OPENDSR_DOMAIN names; without it, nothing of it is there.
//
// Controllers are those of `lethe agents`, known by the token that was printed then. What this site answers about a request is signed: the header
// X-OpenDSR-Signature is base64 of RSA-SHA256 over the body, with the key LETHE_OPENDSR_KEY; its certificate, LETHE_OPENDSR_CERTIFICATE, is handed
// out. Both are PEM and come as secrets do. Every request becomes a data-subject request like any other. There are no callbacks: a request that
// wants some is refused, and controllers ask by GET.
#ifndef LETHE_RIGHTS_OPENDSR_H
#define LETHE_RIGHTS_OPENDSR_H

#include "fcgi/serve/serve.h"

// Reads the key and the certificate where the protocol is on. ERR_INPUT: one is not there, or they do not belong together.
int opendsr_start(struct err *e);
void opendsr_stop(void);
void opendsr_discovery(struct request *r, void *vault);   // GET /opendsr/v2/discovery
void opendsr_certificate(struct request *r, void *vault); // GET /opendsr/v2/certificate.pem
void opendsr_request(struct request *r, void *vault);     // POST /opendsr/v2/requests
void opendsr_status(struct request *r, void *vault);      // GET /opendsr/v2/requests/{id}
void opendsr_cancel(struct request *r, void *vault);      // DELETE /opendsr/v2/requests/{id}

#endif
