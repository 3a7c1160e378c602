// SPDX-License-Identifier: ISC
#include "admin/admin.h"

int main(int argc, char **argv)
{
	return (int)admin_main(argc, argv);
}
