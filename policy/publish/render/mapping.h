// SPDX-License-Identifier: ISC
// Documents as data. A mapping is JSON; applied to a tree (policy/publish/documents/facts.h) it gives a document of its own shape:
//   "{path}"           the value there, whatever its type; within a longer text its words: "#kind-{id}"
//   "name?": …         a member that is left out when its value is null
//   {"$each": "path", "$where": "condition", "$value": …}   one value per element, which the paths in it then start from. Without "$value"
//                      an object of the other members. Within an array the values become its elements.
//   {"$if": "condition", …}   left out unless the condition holds; with "$value": that alone
//   {"$with": {…}, "$value": …}   the value, whose paths start from the object that the first gives
//   "$tables"          (at the top) for the filter `table`
// An object's instructions stand before its other members.
// A path is members joined by dots; through an array it collects from each element. It starts at the element of the innermost "$each", with ^
// at that of the one around it, with / at the top; "." is the element itself. A member that is not there is an error.
// Conditions: "path" and "!path" (null, false and empty are false), "path = word", "path != word", "path has path"; joined by " & ".
// Filters, "{path|filter:argument}"; those of a string work on each element of an array:
//   word:basis.  the word of policy/publish/words     or:text  for null          first     of the elements
//   at           a date as an instant                 count    of elements       any       whether there is anything
//   join:;       elements as one text                 pick:a,b  a if there is anything, else b
//   get:x        the member of an object              only:a,b  the elements with one of these ids; only:type=a,b
//   in:/list     the element of that list with this id          table:x   what the table has for the word
//   none:key     the word with this key for null and for nothing
//   wrap:(%)     the text in place of %, if any           parts:x   the same, or for the first of its parts (stop-abuse)
#ifndef LETHE_PUBLISH_RENDER_MAPPING_H
#define LETHE_PUBLISH_RENDER_MAPPING_H

#include "policy/base/json.h"
#include "policy/model/policy.h"

// Applies one value of a mapping to an element of the tree; `top` is the tree. `mapping` is the whole, for its tables. What it gives refers to
// the mapping, to the tree, and to what is added to the array `made`: it is valid as long as these three. NULL with the error.
const cJSON *mapping_apply(const cJSON *mapping, const cJSON *value, const struct policy *p, const cJSON *top, const cJSON *element,
			   cJSON *made, struct err *e);

#endif
