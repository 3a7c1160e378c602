// SPDX-License-Identifier: ISC
// Writing the site: everything is rendered first, then each file is put in its place, then files of an earlier publish that are no longer
// made are removed. The file `published` lists what is ours, one path a line; nothing that is not in it is ever removed.
#include "policy/publish/publish.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/publish/pages.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIST_BYTES_MAX = 2 * PAGES_MAX * 256 };
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
	if (write_list(folder, &pages, &old, e) != 0)
		return -1;
	for (size_t i = 0; i < pages.count; i++) {
		const struct buf *bytes = &pages.list[i].bytes;
		int changed = 0;
		if (path_join(path, sizeof path, folder, pages.list[i].path, e) != 0 ||
		    file_replace(path, buf_text(bytes), bytes->len, 0644, &changed, e) != 0)
			return -1;
		out->written += changed != 0;
		out->unchanged += changed == 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(folders) && out->written > 0; i++)
		if (path_join(path, sizeof path, folder, folders[i], e) != 0 || folder_sync(path, e) != 0)
			return -1;
	for (const char *rest = buf_text(&old); next_stale(&pages, &rest, name) != NULL;) {
		if (path_join(path, sizeof path, folder, name, e) != 0)
			return -1;
		if (unlink(path) < 0 && errno != ENOENT)
			return err_system(e, ERR_IO, errno, "%s", path);
	}
	return write_list(folder, &pages, NULL, e);
}
