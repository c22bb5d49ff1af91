/* What: the gateway's confinement over role/confine.h. `socket` is in no table, so accepting is the only way
 * to a new connection. */
#include "gateway/confine.h"

#include <sys/syscall.h>

#include "role/confine.h"

static const unsigned ALLOWED[] = {SYS_accept4, SYS_accept};
static const unsigned KILLED[] = {SYS_connect};

sy_status gw_confine_enter(int public_dirfd, uid_t uid, size_t n_files, struct sy_error *reterr)
{
    static const struct role_filter filter = {.allowed = {ALLOWED, 2}, .killed = {KILLED, 1}};
    SY_TRY(role_confine_identity(uid, n_files, reterr));
    SY_TRY(role_confine_files(&public_dirfd, 1, false, reterr));
    return role_confine_calls(&filter, reterr);
}
