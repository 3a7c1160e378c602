// SPDX-License-Identifier: ISC
#include "fcgi/rights/rights_program.h"

int main(void)
{
	return serve_main(&rights_program);
}
