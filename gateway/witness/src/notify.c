/*
 * One datagram to the socket that the environment names: a path, or with '@' a name of the abstract
 * space.
 */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fdio.h"
#include "base/log.h"

void witness_notify_ready(void)
{
    static const char ready[] = "READY=1";
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = name == NULL ? 0 : strlen(name);
    if (n < 2 || n >= sizeof(at.sun_path) || (name[0] != '/' && name[0] != '@')) {
        return;
    }
    memcpy(at.sun_path, name, n);
    if (name[0] == '@') {
        at.sun_path[0] = '\0';
    }
    SY_FD_CLEANUP int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t n_at = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (fd < 0 || sendto(fd, ready, sizeof(ready) - 1, MSG_NOSIGNAL, (const struct sockaddr *)&at,
                         n_at) < 0) {
        sy_log(SY_LOG_WARN, "the service manager was not told");
    }
}
