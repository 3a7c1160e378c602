// SPDX-License-Identifier: ISC
// Cloudflare, as the network before the site: it makes nothing, but what it may have copied into its cache is purged. The reference of such a work is the
// addresses, each on a line; they open what they name, so they are secrets.
#include "fcgi/provider/provider.h"
#include "policy/base/json.h"
#include "policy/base/setting.h"
#include <string.h>

static enum provider_step purge_ask(struct provider_task *t)
{
	const char *zone = setting("CLOUDFLARE_ZONE_ID", NULL), *line = t->reference;
	JSON_AUTO cJSON *body = cJSON_CreateObject();
	cJSON *files = cJSON_AddArrayToObject(body, "files");
	BUF_AUTO struct buf path = BUF_INIT(1024);

	for (size_t len; *line != '\0'; line += len + (line[len] == '\n')) {
		BUF_AUTO_WIPE struct buf url = BUF_INIT(URL_BYTES_MAX);
		len = strcspn(line, "\n");
		buf_add(&url, line, len);
		cJSON_AddItemToArray(files, cJSON_CreateString(buf_text(&url)));
	}
	if (zone == NULL || zone[strspn(zone, "0123456789abcdef")] != '\0' ||
	    buf_printf(&path, "/client/v4/zones/%s/purge_cache", zone) != 0)
		return PROVIDER_ENDED;
	return provider_send(t, "POST", buf_text(&path), body);
}

// A zone that is not there is none from which anything is gone.
static enum provider_step cloudflare_purge(struct provider_task *t, const struct provider_reply *r)
{
	if (r == NULL)
		return purge_ask(t);
	JSON_AUTO cJSON *reply = json_parse_foreign(r->body, r->len, NULL);
	provider_end_kept(t, r, PROVIDER_KEPT_GONE);
	if (r->status == 404)
		t->kept = PROVIDER_KEPT_REFUSED;
	else if (t->kept == PROVIDER_KEPT_GONE && !cJSON_IsTrue(json_get(reply, "success")))
		t->kept = PROVIDER_KEPT_UNKNOWN;
	return PROVIDER_ENDED;
}

const struct provider provider_cloudflare = {.id = "cloudflare", .removal = {.ask = cloudflare_purge}};
