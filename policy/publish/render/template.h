// SPDX-License-Identifier: ISC
#ifndef LETHE_PUBLISH_RENDER_TEMPLATE_H
#define LETHE_PUBLISH_RENDER_TEMPLATE_H

#include "policy/publish/words/words.h"

// Templates, in the language of `p`: {{name}} is replaced by the variable, escaped for HTML; {{{name}}} unescaped; {{w:page.start.title}} by
// the word with that key (policy/publish/words), with the variables in its {placeholders}; {{{words:script.start}}} by a JSON object of the words whose keys begin so; {{to:/rights}} by the address of that page in this
// language; what stands between {{?name}} and {{/name}} stays where the variable is not empty. An unknown name is an error.
// `first_line`: the number of the text's first line, for the messages.
int template_render(const char *text, const char *name, int first_line, const struct policy *p, const struct word_value *vars,
		    struct buf *out, struct err *e);

#endif
