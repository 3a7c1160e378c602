// SPDX-License-Identifier: ISC
#include "policy/publish/versions.h"
#include "policy/base/file.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/writer.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Copies a file, where there is none yet: what is kept is not changed.
static int keep_file(const char *from, const char *folder, const char *name, struct err *e)
{
	BUF_AUTO struct buf bytes = BUF_INIT(DOCUMENT_BYTES_MAX);
	char path[PATH_MAX];

	if (path_join(path, sizeof path, folder, name, e) != 0)
		return -1;
	if (access(path, F_OK) == 0)
		return 0;
	return file_read(from, &bytes, e) != 0 ? -1 : file_write(path, buf_text(&bytes), bytes.len, 0644, NULL, e);
}

static cJSON *version_facts(const struct policy *p, int64_t ledger)
{
	char effective[WHEN_DATE], updated[WHEN_DATE];

	when_date(effective, p->effective);
	when_date(updated, p->updated);
	cJSON *facts =
	    json_make(JSON_MEMBERS(MEMBER_TEXT("version", p->version), MEMBER_TEXT("sha256", p->sha256),
				   MEMBER_TEXT("effective", effective), MEMBER_TEXT("updated", updated), MEMBER_TIME("since", when_now())));
	cJSON_AddItemToObject(facts, "ledger", ledger >= 0 ? cJSON_CreateNumber((double)ledger) : cJSON_CreateNull());
	cJSON *languages = cJSON_AddArrayToObject(facts, "languages"), *changes = cJSON_AddObjectToObject(facts, "changes");
	for (size_t i = 0; i < p->view_count; i++) {
		const struct policy *view = p->views[i];
		cJSON_AddItemToArray(languages, cJSON_CreateString(view->language));
		cJSON *list = cJSON_AddArrayToObject(changes, view->language);
		for (size_t j = 0; view->version_count > 0 && j < view->versions[0].change_count; j++) {
			BUF_AUTO struct buf text = BUF_INIT(64 * 1024);
			prose_plain(view, &view->versions[0].changes[j].what, &text);
			cJSON_AddItemToArray(list, cJSON_CreateString(buf_text(&text)));
		}
	}
	return facts;
}

static bool version_is_kept(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && strchr(entry->d_name, '~') == NULL;
}

static int filter_kept(const struct dirent *entry)
{
	return version_is_kept(entry);
}

int versions_keep(const char *state, const char *folder, const struct policy *p, int64_t ledger, struct err *e)
{
	char kept[PATH_MAX], shown[PATH_MAX], from[PATH_MAX], path[PATH_MAX], name[256];
	struct dirent **names = NULL;

	if (path_join(kept, sizeof kept, state, "policy/versions", e) != 0 || folder_make(kept, 0755, e) != 0 ||
	    path_join(shown, sizeof shown, folder, "html/versions", e) != 0 || folder_make(shown, 0755, e) != 0)
		return -1;
	snprintf(name, sizeof name, "%s.json", p->version);
	if (path_join(path, sizeof path, kept, name, e) != 0)
		return -1;
	if (access(path, F_OK) < 0) { // it is written last: the version is kept whole, or kept again
		for (size_t i = 0; i < p->view_count; i++) {
			const char *language = p->views[i]->language;
			BUF_AUTO struct buf page = BUF_INIT(256);
			buf_adds(&page, "html");
			address_page(p->views[i], "/privacy", &page);
			buf_adds(&page, ".html");
			snprintf(name, sizeof name, "%s%s%s.html", p->version, i > 0 ? "." : "", i > 0 ? language : "");
			if (path_join(from, sizeof from, folder, buf_text(&page), e) != 0 || keep_file(from, kept, name, e) != 0)
				return -1;
		}
		snprintf(name, sizeof name, "%s.xml", p->version);
		JSON_AUTO cJSON *facts = version_facts(p, ledger);
		BUF_AUTO struct buf text = BUF_INIT(DOCUMENT_BYTES_MAX);
		if (path_join(from, sizeof from, state, "policy/active.xml", e) != 0 || keep_file(from, kept, name, e) != 0)
			return -1;
		if (json_print_lines(&text, facts) != 0)
			return err_set(e, ERR_MEMORY, "no memory to keep the version");
		if (file_write(path, buf_text(&text), text.len, 0644, NULL, e) != 0)
			return -1;
	}
	int count = scandir(kept, &names, filter_kept, alphasort), ret = 0;
	if (count < 0)
		return err_set(e, ERR_IO, "%s cannot be read", kept);
	for (int i = 0; i < count; i++) {
		if (ret == 0)
			ret =
			    path_join(from, sizeof from, kept, names[i]->d_name, e) != 0 ? -1 : keep_file(from, shown, names[i]->d_name, e);
		free(names[i]);
	}
	free(names);
	return ret;
}

static int filter_facts(const struct dirent *entry)
{
	const size_t len = strlen(entry->d_name);

	return version_is_kept(entry) && len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

cJSON *versions_read(const char *state, struct err *e)
{
	char folder[PATH_MAX], path[PATH_MAX];
	struct dirent **names = NULL;
	cJSON *list = cJSON_CreateArray();

	if (list == NULL || path_join(folder, sizeof folder, state, "policy/versions", e) != 0) {
		cJSON_Delete(list);
		return NULL;
	}
	int count = scandir(folder, &names, filter_facts, alphasort);
	for (int i = count - 1; i >= 0; i--) {
		BUF_AUTO struct buf text = BUF_INIT(DOCUMENT_BYTES_MAX);
		cJSON *one = path_join(path, sizeof path, folder, names[i]->d_name, e) == 0 && file_read(path, &text, e) == 0
				 ? json_parse(buf_text(&text), text.len, e)
				 : NULL;
		if (!cJSON_IsObject(one) || json_string(one, "since") == NULL || json_string(one, "version") == NULL) {
			cJSON_Delete(one); // a damaged one leaves the others readable
		} else {
			// By when they came into force here; their names need not be in that order.
			int at = 0;
			const cJSON *other = list->child;
			for (; other != NULL && strcmp(json_string(other, "since"), json_string(one, "since")) >= 0; other = other->next)
				at++;
			if (!cJSON_InsertItemInArray(list, at, one))
				cJSON_Delete(one);
		}
		free(names[i]);
	}
	free(names);
	return list;
}
