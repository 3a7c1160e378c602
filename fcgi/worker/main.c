// SPDX-License-Identifier: ISC
#include "fcgi/worker/worker.h"

int main(void)
{
	return worker_main();
}
