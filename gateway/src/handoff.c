/* What: the gateway's row of descriptors over role/handoff.h. */
#include "gateway/handoff.h"

#include "role/handoff.h"

static const struct role_fd TABLE[GW_FD_N] = {
    [GW_FD_LISTEN] = {"listen", ROLE_FD_TCP_LISTENER, false},
    [GW_FD_WARDEN] = {"warden", ROLE_FD_UNIX_STREAM, false},
    [GW_FD_PUBLIC] = {"public", ROLE_FD_DIRECTORY, false},
    [GW_FD_CONTROL] = {"control", ROLE_FD_UNIX_SEQPACKET, true},
};

void gw_handoff_init(struct gw_handoff *h)
{
    role_fds_init(h->fds, GW_FD_N);
}

sy_status gw_handoff_take(struct gw_handoff *h, const char *arg, struct sy_error *reterr)
{
    return role_fd_take(TABLE, h->fds, GW_FD_N, arg, reterr);
}

sy_status gw_handoff_check(const struct gw_handoff *h, struct sy_error *reterr)
{
    return role_fds_check(TABLE, h->fds, GW_FD_N, reterr);
}

sy_status gw_handoff_ready(const struct gw_handoff *h)
{
    return role_say_ready(h->fds[GW_FD_CONTROL]);
}

void gw_handoff_close(struct gw_handoff *h)
{
    role_fds_close(h->fds, GW_FD_N);
}
