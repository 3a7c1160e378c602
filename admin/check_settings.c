// SPDX-License-Identifier: ISC
// Settings and files beside the stores, against the policy.
#include "admin/check.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/base/place.h"
#include "policy/base/proxies.h"
#include "policy/base/setting.h"
#include "policy/processors/processors.h"
#include "policy/rights/agent.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOST_MAX = 256 };

// A secret may be the variable, a file that NAME_FILE names, a credential, or, on an installed site, a file that egress's unit may load.
static bool secret_is_set(const struct check *c, const char *name)
{
	char variable[128], path[PATH_MAX];
	struct stat st;
	const char *credentials = setting("CREDENTIALS_DIRECTORY", NULL);

	snprintf(variable, sizeof variable, "%s_FILE", name);
	if (setting(name, NULL) != NULL || setting(variable, NULL) != NULL)
		return true;
	if (strcmp(c->admin->state, setting_installed_state) == 0 && path_join(path, sizeof path, place_keys, name, NULL) == 0 &&
	    stat(path, &st) == 0 && st.st_size > 0)
		return true;
	return credentials != NULL && path_join(path, sizeof path, credentials, name, NULL) == 0 && access(path, F_OK) == 0;
}

static void check_url(struct check *c, const char *name, const struct policy_processor *processor, bool smtp)
{
	const char *url = setting(name, NULL), *start = url != NULL ? strstr(url, "://") : NULL;
	char host[HOST_MAX] = "";

	if (url == NULL)
		return;
	if (start != NULL) { // scheme://[user@]host[:port]/…
		start += 3;
		const char *end = start + strcspn(start, "/?#\\"),
			   *at = memrchr(start, '@', (size_t)(end - start)); // a user's name may have several
		start = at != NULL ? at + 1 : start;
		size_t len = *start == '[' ? strcspn(start, "]/") + 1 : strcspn(start, ":/?#\\");
		if (len <= (size_t)(end - start) && len < sizeof host)
			snprintf(host, sizeof host, "%.*s", (int)len, start);
	}
	// A mail server on this machine is one whatever the policy names: what leaves goes on from there. Elsewhere TLS is demanded unless somebody says otherwise.
	// Where one's own server may be, egress judges by its address, unless the policy names hosts; on this machine it needs no TLS.
	const bool here = strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0;
	const bool own = processor->standing == STANDING_OWN;
	const bool sealed = smtp ? strncasecmp(url, "smtps://", 8) == 0 || here || strcmp(setting("SMTP_TLS", ""), "none") != 0
				 : strncasecmp(url, "https://", 8) == 0 || (own && here);
	if (smtp && here)
		check_add(c, CHECK_KEPT, "", "%s points to this machine", name);
	else if (*host == '\0')
		check_add(c, CHECK_BROKEN, "Give the whole base URL, https://host/.", "%s is not a URL", name);
	else if (!policy_host_allowed(processor, host) && (!own || processor->hosts.count > 0))
		check_add(c, CHECK_BROKEN, "Correct the setting, or declare the host in the policy and announce it.",
			  "%s points to %s, which the policy does not name for %s", name, host, processor->id);
	else if (!sealed)
		check_add(c, CHECK_BROKEN, smtp ? "Remove SMTP_TLS=none." : "Use https://.", "%s would send data to %s without encryption",
			  name, processor->id);
	else
		check_add(c, CHECK_KEPT, "", "%s points to a host of %s", name, processor->id);
}

static void check_settings(struct check *c)
{
	const struct processor_facts *f;
	bool any = false;

	for (unsigned i = 0; (f = processor_facts_at(i)) != NULL; i++) {
		const struct policy_processor *processor = NULL;
		const char *const urls[2] = {f->address, f->override};
		const char *set = f->key != NULL && secret_is_set(c, f->key) ? f->key : NULL;
		for (size_t n = 0; n < ARRAY_LEN(urls); n++)
			if (set == NULL && urls[n] != NULL && setting(urls[n], NULL) != NULL)
				set = urls[n];
		if (set == NULL)
			continue;
		any = true;
		for (const char *const *id = f->ids; *id != NULL && processor == NULL; id++)
			processor = policy_processor(c->policy, *id);
		if (processor == NULL) {
			check_add(c, CHECK_BROKEN, "Remove the setting, or declare the processor in the policy and announce it.",
				  "%s is set, but the policy declares no processor %s", set, f->ids[0]);
			continue;
		}
		check_add(c, CHECK_KEPT, "", "%s is set for %s, which the policy declares", set, processor->id);
		for (size_t n = 0; n < ARRAY_LEN(urls); n++)
			if (urls[n] != NULL)
				check_url(c, urls[n], processor, f->smtp);
		struct err e = {0};
		if (processor_models_check(f, &e) != 0)
			check_add(c, CHECK_BROKEN, "Correct the setting: the site does not start with it.", "%s", e.text);
	}
	if (!any)
		check_add(c, CHECK_EMPTY, "", "no processor's key or address is set here");
}

// Which protocols of agents are on, and who may speak them.
static void check_agents(struct check *c)
{
	static const struct {
		const char *setting, *protocol, *name;
	} protocols[] = {{"LETHE_DRP_BUSINESS", AGENT_DRP, "the Data Rights Protocol"}, {"LETHE_OPENDSR_DOMAIN", AGENT_OPENDSR, "OpenDSR"}};
	struct err e = {0};
	JSON_AUTO cJSON *agents = agent_list(c->admin->state, &e);
	const cJSON *one;

	if (agents == NULL) {
		check_add(c, CHECK_UNSURE, "Run this as the user that may read it, or enter the agents again.", "%s", e.text);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		unsigned count = 0;
		cJSON_ArrayForEach(one, agents)
		{
			count += strcmp(json_string(one, "protocol"), protocols[i].protocol) == 0;
		}
		if (setting(protocols[i].setting, NULL) == NULL)
			check_add(c, CHECK_EMPTY, "", "%s is off", protocols[i].name);
		else if (strcmp(protocols[i].protocol, AGENT_OPENDSR) == 0 &&
			 (!secret_is_set(c, "LETHE_OPENDSR_KEY") || !secret_is_set(c, "LETHE_OPENDSR_CERTIFICATE")))
			check_add(c, CHECK_BROKEN, "Give both, or unset LETHE_OPENDSR_DOMAIN.",
				  "OpenDSR is on, and its key or certificate is not there: the rights program will not start");
		else
			check_add(c, CHECK_KEPT, "", "%s is on, for %u agent%s", protocols[i].name, count, count == 1 ? "" : "s");
	}
}

// Where the vault takes it from: a file that is named, a systemd credential, or the state folder.
static void check_master_key(struct check *c)
{
	const char *file = setting("LETHE_MASTER_KEY_FILE", NULL), *credentials = setting("CREDENTIALS_DIRECTORY", NULL);
	char path[PATH_MAX];
	struct stat st;
	struct err e = {0};

	// systemd makes it for this process alone; its mode is the mask of an access list and says nothing.
	if (file == NULL && credentials != NULL && path_join(path, sizeof path, credentials, "LETHE_MASTER_KEY", NULL) == 0 &&
	    access(path, F_OK) == 0) {
		check_add(c, CHECK_KEPT, "", "the master key comes as a systemd credential");
		return;
	}
	if (file == NULL && path_join(path, sizeof path, c->admin->state, "keys/master.key", NULL) == 0)
		file =
		    strcmp(c->admin->state, setting_installed_state) == 0 && access(path, F_OK) != 0 && access(place_master_key, F_OK) == 0
			? place_master_key
			: path;
	if (file == NULL || stat(file, &st) < 0) {
		err_system(&e, ERR_IO, errno, "%s", file != NULL ? file : "the master key");
		check_add(c, CHECK_UNSURE,
			  site_stores_there(c->admin, NULL) == 0
			      ? "lethe keys init makes one."
			      : "Put it back (a new one could open nothing), and run this as the user that may read it.",
			  "%s", e.text);
	} else if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		check_add(c, CHECK_BROKEN, "chmod 0400 the file; if someone may have read it, make new stores.",
			  "%s has mode %04o: others than its owner can use it", file, (unsigned)(st.st_mode & 07777));
	} else {
		check_add(c, CHECK_KEPT, "", "%s can be read by its owner only", file);
	}
}

// nginx takes the visitor's address from a header only of whom this names; limits and the request log go by it.
static void check_proxies(struct check *c)
{
	BUF_AUTO struct buf networks = BUF_INIT(256 * 1024);
	struct err e;
	size_t count = 0;

	if (proxies_read(&networks, &e) != 0)
		check_add(c, CHECK_BROKEN, "Correct the setting, then lethe publish and reload nginx: until then all visitors are one.",
			  "%s", e.text);
	for (const char *at = buf_text(&networks); (at = strchr(at, '\n')) != NULL; at++)
		count++;
	if (!c->bad && count > 0)
		check_add(c, CHECK_KEPT, "", "%zu networks may say in %s who the visitor is", count, proxies_header());
	else if (!c->bad)
		check_add(c, CHECK_EMPTY, "", "no proxy is trusted: whoever connects is the visitor");
}

static void check_space_reserve(struct check *c)
{
	char path[PATH_MAX];
	struct stat st;
	struct err e = {0};
	bool missing = false;

	if (path_join(path, sizeof path, c->admin->state, "space-reserve", &e) != 0)
		check_add(c, CHECK_UNSURE, "", "%s", e.text);
	else if ((missing = stat(path, &st) < 0) && errno != ENOENT)
		check_add(c, CHECK_UNSURE, "Run this as the user that owns the stores.", "%s cannot be looked at", path);
	else if (missing || st.st_size < SPACE_RESERVE_BYTES || st.st_blocks * 512 < SPACE_RESERVE_BYTES)
		check_add(c, CHECK_BROKEN, "Free some space on the disk, remove what is left of it, then run lethe keys init.",
			  "%s, the space kept free for erasing on a full disk, is missing or too small", path);
	else
		check_add(c, CHECK_KEPT, "", "%lld KB are kept free for erasing on a full disk", (long long)st.st_size >> 10);
}

const struct check_row check_settings_rows[] = {
    {"settings", "Only processors that the policy declares can be reached.", NEEDS_POLICY, check_settings, NULL},
    {"agents", "Only who is trusted can send requests for others.", 0, check_agents, NULL},
    {"proxies", "A visitor is who connects, or who a trusted proxy says.", 0, check_proxies, NULL},
    {"master-key", "Stored data can be read only with a key that no one else can read.", 0, check_master_key, NULL},
    {"space-reserve", "Deleting works on a full disk too.", 0, check_space_reserve, NULL},
    {0},
};
