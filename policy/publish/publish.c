// SPDX-License-Identifier: ISC
// Writing the site: everything is rendered first, then what changed is written beside its place and made durable, then all of it is put in
// place, then files of an earlier publish that are no longer made are removed. The file `published` lists what is ours, one path a line; nothing that is not in it is ever removed.
#include "policy/publish/publish.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/publish/pages.h"
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_BYTES_MAX = 2 * PAGES_MAX * 256, FREE_BYTES_KEPT = 64 * 1024 * 1024 };
static const char list_name[] = "published";

// The next line of a list that is ours and is not made now: only what publish_all itself could have made, below one of its folders, without
// a way up. NULL at the end. *list moves on.
static const char *next_stale(const struct pages *s, const char **list, char name[256])
{
	while (**list != '\0') {
		size_t len = strcspn(*list, "\n"), i = 0;
		int fits = snprintf(name, 256, "%.*s", (int)len, *list);
		*list += len + ((*list)[len] == '\n');
		if (fits <= 0 || fits >= 256 || strstr(name, "..") != NULL ||
		    (strncmp(name, "html/", 5) != 0 && strncmp(name, "nginx/", 6) != 0 && strncmp(name, "programs/", 9) != 0))
			continue;
		while (i < s->count && strcmp(s->list[i].path, name) != 0)
			i++;
		if (i == s->count)
			return name;
	}
	return NULL;
}

static int write_list(const char *folder, const struct pages *s, const struct buf *also, struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(2 * LIST_BYTES_MAX);
	char path[4096], name[256];

	for (size_t i = 0; i < s->count; i++)
		buf_printf(&text, "%s\n", s->list[i].path);
	for (const char *rest = also != NULL ? buf_text(also) : ""; next_stale(s, &rest, name) != NULL;)
		buf_printf(&text, "%s\n", name);
	if (text.failed)
		return err_set(e, ERR_MEMORY, "the list of published files is too long");
	if (path_join(path, sizeof path, folder, list_name, e) != 0)
		return -1;
	return file_write(path, buf_text(&text), text.len, 0644, NULL, e);
}

static int page_path(char out[4096], const char *folder, const struct page *page, struct err *e)
{
	return path_join(out, 4096, folder, page->path, e);
}

// All that changed, together: whatever fails before the first is in its place leaves the site as it was. `first`: nothing was published there.
static int write_pages(const char *folder, const struct pages *s, bool first, struct publish_result *out, struct err *e)
{
	char path[4096], draft[FILE_DRAFT];
	bool drafted[PAGES_MAX] = {false};
	int rc = 0;

	file_draft_new(draft);
	for (size_t i = 0; rc == 0 && i < s->count; i++) {
		const struct buf *bytes = &s->list[i].bytes;
		rc = page_path(path, folder, &s->list[i], e);
		if (rc == 0 && !first && file_holds(path, buf_text(bytes), bytes->len)) {
			out->unchanged++;
			continue;
		}
		rc = rc == 0 ? file_draft(path, draft, buf_text(bytes), bytes->len, 0644, false, e) : rc;
		drafted[i] = rc == 0;
		out->written += rc == 0;
	}
	if (rc == 0 && out->written > 0)
		rc = folder_sync_all(folder, e);
	for (size_t i = 0; i < s->count; i++) {
		if (!drafted[i] || page_path(path, folder, &s->list[i], NULL) != 0)
			continue;
		rc = rc == 0 ? file_draft_place(path, draft, e) : rc;
		if (rc != 0)
			file_draft_drop(path, draft);
	}
	return rc == 0 && out->written > 0 ? folder_sync_all(folder, e) : rc;
}

int publish_all(const struct policy *p, const char *templates, const char *folder, bool testing, struct publish_result *out, struct err *e)
{
	static const char *const folders[] = {"html", "html/assets", "html/.well-known", "html/gpc", "nginx", "programs"};
	PAGES_AUTO struct pages pages = {0};
	BUF_AUTO struct buf old = BUF_INIT(LIST_BYTES_MAX);
	char path[4096], name[256];
	struct stat from, to;

	*out = (struct publish_result){0};
	if (path_join(path, sizeof path, folder, "html", e) != 0)
		return -1;
	// Publishing over its own templates would replace them by their results.
	if (stat(templates, &from) == 0 && stat(path, &to) == 0 && from.st_dev == to.st_dev && from.st_ino == to.st_ino)
		return err_set(e, ERR_INPUT, "%s is the folder of the templates: publish to another one", path);
	// What one page has freed the next one takes: given back to the kernel in between, it costs more than the rendering.
	mallopt(M_TRIM_THRESHOLD, FREE_BYTES_KEPT);
	if (pages_render(p, templates, testing, &pages, e) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (path_join(path, sizeof path, folder, folders[i], e) != 0 || folder_make(path, 0755, e) != 0)
			return -1;
	}
	if (path_join(path, sizeof path, folder, list_name, e) != 0)
		return -1;
	struct err none = {0};
	if (file_read(path, &old, &none) != 0 && none.code != ERR_NOT_FOUND)
		return err_set(e, none.code, "%s", none.text);
	if (write_list(folder, &pages, &old, e) != 0 || write_pages(folder, &pages, old.len == 0, out, e) != 0)
		return -1;
	for (const char *rest = buf_text(&old); next_stale(&pages, &rest, name) != NULL;) {
		if (path_join(path, sizeof path, folder, name, e) != 0)
			return -1;
		if (unlink(path) < 0 && errno != ENOENT)
			return err_system(e, ERR_IO, errno, "%s", path);
	}
	return write_list(folder, &pages, NULL, e);
}
