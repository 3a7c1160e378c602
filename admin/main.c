// SPDX-License-Identifier: ISC
#include "admin/admin.h"

int main(int argc, char **argv)
{
	return (int)command_main(argc, argv);
}
