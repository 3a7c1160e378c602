// SPDX-License-Identifier: ISC
#include "fcgi/rights/rights_program.h"
#include "policy/base/place.h"

int main(int argc, char **argv)
{
	return place_version_asked(argc, argv) ? 0 : serve_main(&rights_program);
}
