// SPDX-License-Identifier: ISC
#include "fcgi/download/download.h"

int main(void)
{
	return serve_main(&download_program);
}
