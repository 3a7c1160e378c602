// SPDX-License-Identifier: ISC
// Errors in the shape of OpenAI's API, for the addresses that clients of it use: {"error":{"message","type","param","code"}}. They say what the problem
// document of the same request would, with the codes that these clients know.
#ifndef LETHE_PUBLISH_API_ERROR_H
#define LETHE_PUBLISH_API_ERROR_H

#include <cjson/cJSON.h>

// 422, which these clients do not expect, is 400.
int api_error_status(int status);
// From a problem document; members of its own that it has beyond RFC 9457's stand in the error, too. NULL: no memory.
cJSON *api_error_object(const cJSON *problem);

#endif
