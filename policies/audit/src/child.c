/* What: waiting for a child. */
#include "child.h"

#include <errno.h>
#include <sys/wait.h>

int audit_child_end(pid_t pid)
{
    int status = 0;
    pid_t ended;
    do {
        ended = waitpid(pid, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
