/*
 * Functions that this project does not use. Included from the command line
 * (-include) in front of every file of ours, so that a call does not compile.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets
#pragma GCC poison atoi atol atoll sscanf gmtime localtime ctime asctime mktemp tmpnam popen
/* alloca and system are words of other meaning elsewhere; -Walloca and review cover them */

#endif
