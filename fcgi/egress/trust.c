// SPDX-License-Identifier: ISC
#include "fcgi/egress/trust.h"
#include <errno.h>

static int trust_read(struct trust *t, struct err *e)
{
	struct stat now;
	X509_STORE *store = X509_STORE_new();
	if (store == NULL)
		return err_set(e, ERR_MEMORY, "out of memory");
	// One of them is enough, whether it signs itself or not.
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	int rc = 0;
	if (stat(t->file, &now) < 0)
		rc = err_system(e, ERR_IO, errno, "the file of trusted certificates, %s (LETHE_CA_FILE)", t->file);
	else if (X509_STORE_load_file(store, t->file) != 1)
		rc = err_set(e, ERR_IO, "the file of trusted certificates, %s (LETHE_CA_FILE), cannot be read or holds none", t->file);
	if (rc == 0) {
		X509_STORE_free(t->store);
		t->store = store;
		t->read = now;
	} else {
		X509_STORE_free(store);
	}
	return rc;
}

int trust_open(struct trust *t, const char *file, struct err *e)
{
	*t = (struct trust){.file = file};
	return trust_read(t, e);
}

void trust_close(struct trust *t)
{
	X509_STORE_free(t->store);
	t->store = NULL;
}

CURLcode trust_use(CURL *easy, void *ssl_context, void *trust)
{
	(void)easy;
	struct trust *t = trust;
	struct stat now;
	struct err e;
	if (stat(t->file, &now) == 0 && (now.st_ino != t->read.st_ino || now.st_size != t->read.st_size ||
					 now.st_mtim.tv_sec != t->read.st_mtim.tv_sec || now.st_mtim.tv_nsec != t->read.st_mtim.tv_nsec))
		(void)trust_read(t, &e);
	SSL_CTX_set1_cert_store(ssl_context, t->store);
	return CURLE_OK;
}
