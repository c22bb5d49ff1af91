/*
 * Programs that shuyu-audit runs: the end of one. Threads: any, each its own children.
 */
#ifndef AUDIT_SRC_CHILD_H
#define AUDIT_SRC_CHILD_H

#include <sys/types.h>

/* Wait for a child of this process to end, through whatever signals arrive meanwhile. Its exit status, 0..255; -1
 * when a signal ended it, or there is no such child. It is no zombie afterwards. */
int audit_child_end(pid_t pid);

#endif
