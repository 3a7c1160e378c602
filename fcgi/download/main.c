// SPDX-License-Identifier: ISC
#include "fcgi/download/download.h"
#include "policy/base/place.h"

int main(int argc, char **argv)
{
	return place_version_asked(argc, argv) ? 0 : serve_main(&download_program);
}
