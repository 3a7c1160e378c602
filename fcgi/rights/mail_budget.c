// SPDX-License-Identifier: ISC
#include "fcgi/rights/mail_budget.h"
#include "policy/base/address_range.h"
#include "policy/base/array.h"
#include "policy/vault/seal.h"
#include <pthread.h>
#include <string.h>

enum { HOUR = 3600 };
static const struct mail_share {
	unsigned bits_six, bits_four, max;
} mail_shares[] = {{64, 32, MAIL_BUDGET_CUSTOMER}, {48, 24, MAIL_BUDGET_SITE}, {32, 16, MAIL_BUDGET_PROVIDER}};

static struct {
	pthread_mutex_t lock;
	bool salted;
	uint8_t salt[KEY_LEN];
	struct mail_spent {
		uint8_t of[ARRAY_LEN(mail_shares)][HASH_LEN];
		time_t at;
	} spent[MAIL_BUDGET_ALL + MAIL_BUDGET_FIRST];
} mails = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool mail_budget_spend(const char *address, time_t now)
{
	static const char local[] = "127.0.0.1";
	struct mail_spent one = {.at = now};
	struct address_range from;
	unsigned all = 0, same[ARRAY_LEN(mail_shares)] = {0};
	size_t place = 0;
	bool may = true;

	const bool everybody = address_range_of(&from, address) == 0 && (strcmp(address, local) == 0 || strcmp(address, "::1") == 0);
	pthread_mutex_lock(&mails.lock);
	if (!mails.salted)
		random_bytes(mails.salt, sizeof mails.salt);
	mails.salted = true;
	for (size_t w = 0; w < ARRAY_LEN(mail_shares); w++) {
		const struct address_range around = address_range_around(&from, mail_shares[w].bits_six, mail_shares[w].bits_four);
		keyed_hash(one.of[w], mails.salt, "network", around.prefix, sizeof around.prefix);
	}
	for (size_t i = 0; i < ARRAY_LEN(mails.spent); i++) {
		const struct mail_spent *other = &mails.spent[i];
		if (other->at + HOUR <= now || other->at > now) { // the clock may have been set
			place = i;
			continue;
		}
		all++;
		for (size_t w = 0; w < ARRAY_LEN(mail_shares); w++)
			same[w] += memcmp(other->of[w], one.of[w], HASH_LEN) == 0;
	}
	for (size_t w = 0; w < ARRAY_LEN(mail_shares) && !everybody; w++)
		may = may && same[w] < mail_shares[w].max;
	const bool first = !everybody && same[ARRAY_LEN(mail_shares) - 1] == 0;
	may = may && all < (first ? ARRAY_LEN(mails.spent) : MAIL_BUDGET_ALL);
	if (may)
		mails.spent[place] = one;
	pthread_mutex_unlock(&mails.lock);
	return may;
}
