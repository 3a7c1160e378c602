// SPDX-License-Identifier: ISC
#include "fcgi/provider/style.h"
#include "policy/base/array.h"
#include <stddef.h>
#include <string.h>

// The looks of the built-in pictures come as they are; what only a model can do is drawn in the look that is nearest to it.
#define STYLES(X)                                                                                                                          \
	X("photo", "soft", "photograph",                                                                                                   \
	  "Editorial photograph:", "Natural light, 35 mm lens, shallow depth of field, fine grain, honest colours.")                       \
	X("soft", "soft", "soft illustration with gentle gradients and light",                                                             \
	  "Soft illustration:", "Gentle gradients, warm light from the upper left, soft shadows, rounded shapes.")                         \
	X("flat", "flat", "flat illustration with plain, bold shapes",                                                                     \
	  "Flat illustration:", "Even fields of colour, bold clear shapes, hard-edged shadows, a generous margin.")                        \
	X("line", "line", "ink line drawing with one spot colour",                                                                         \
	  "Line drawing:", "Ink outlines of even weight, one spot colour, hatching for the shadows, much paper.")                          \
	X("print", "print", "risograph print in few inks with visible halftones",                                                          \
	  "Risograph print:", "Three inks, visible halftone dots, slightly misregistered plates, rough paper.")                            \
	X("night", "night", "night scene with glowing light",                                                                              \
	  "Night scene:", "Deep blue darkness, glowing edges of light, one warm lamp, quiet mood.")                                        \
	X("illustration", "flat", "illustration",                                                                                          \
	  "Flat illustration:", "Clean outlines, even fields of colour, clear shapes, a generous margin.")                                 \
	X("watercolour", "soft", "watercolour",                                                                                            \
	  "Watercolour painting:", "Translucent washes, soft edges, pigment pooling, visible cold-pressed paper.")                         \
	X("minimal", "line", "minimal", "Minimalist picture:", "One subject, three colours, large calm areas, no decoration.")             \
	X("isometric", "flat", "isometric",                                                                                                \
	  "Isometric model:", "True isometric view from above, even soft light, rounded details, plain background.")

#define STYLE_ROW(name, look, words, lead, tail) {name, look, words, lead, tail},
#define STYLE_NAME(name, ...)                    name,
static const struct provider_style styles[] = {STYLES(STYLE_ROW)};
const char *const provider_style_names[] = {STYLES(STYLE_NAME) NULL};

const struct provider_style *provider_style(const char *name)
{
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(styles); i++)
		if (strcmp(styles[i].name, name) == 0)
			return &styles[i];
	return &styles[0];
}
