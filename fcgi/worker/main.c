// SPDX-License-Identifier: ISC
#include "fcgi/worker/worker.h"
#include "policy/base/place.h"

int main(int argc, char **argv)
{
	return place_version_asked(argc, argv) ? 0 : worker_main();
}
