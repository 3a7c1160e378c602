// SPDX-License-Identifier: ISC
// The vendors whose wire format the software speaks. A row here is what makes fcgi/provider/ link the vendor's file and the policy's checks
// call the vendor built: there is no second list.
#ifndef LETHE_PROCESSORS_BUILT_H
#define LETHE_PROCESSORS_BUILT_H

// X(name of its `struct provider`, after "provider_"; its id in processors.json)
#define PROCESSORS_BUILT(X)                                                                                                                \
	X(azure_openai, "azure-openai")                                                                                                    \
	X(openai, "openai")                                                                                                                \
	X(openrouter, "openrouter")                                                                                                        \
	X(deepseek, "deepseek")                                                                                                            \
	X(ark, "ark")                                                                                                                      \
	X(fal, "fal")                                                                                                                      \
	X(replicate, "replicate")                                                                                                          \
	X(self_hosted, "self-hosted")                                                                                                      \
	X(self_hosted_text, "self-hosted-text")                                                                                            \
	X(cloudflare, "cloudflare")                                                                                                        \
	X(dashscope, "dashscope")                                                                                                          \
	X(cloudflare_r2, "cloudflare-r2")                                                                                                  \
	X(tencent_cos, "tencent-cos")                                                                                                      \
	X(self_hosted_storage, "self-hosted-storage")                                                                                      \
	X(sketch, "sketch")

#endif
