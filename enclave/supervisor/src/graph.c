/*
 * The process graph. An edge that is not in EDGES does not exist: make_edge has the only
 * socketpair call of the domain's start-up, and no role keeps the right to connect to another.
 * Invariant: after both its processes have started, no end of an edge is open anywhere else, so
 * that the death of one side is seen by the other as a hang-up.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/fdio.h"
#include "supervisor.h"

const struct handed_info HANDED[N_HANDED] = {
    [HAND_CONTROL] = {"control", true}, [HAND_ZYGOTE] = {"zygote", true},
    [HAND_WARDEN] = {"warden", true},   [HAND_GATEWAY] = {"gateway", true},
    [HAND_DOMAIN] = {"domain", false},  [HAND_PUBLIC] = {"public", false},
    [HAND_LOCAL] = {"local", false},    [HAND_LISTEN] = {"listen", false},
    [HAND_COURIER] = {"courier", true},
};

#define HAS(what) (1U << HAND_##what)

const struct role_info ROLES[N_ROLES] = {
    [ROLE_ZYGOTE] = {"zygote", "shuyu-worker", "../worker", 30000, HAS(CONTROL) | HAS(WARDEN), 0,
                     0},
    [ROLE_WARDEN] = {"warden", "shuyu-warden", "../warden", 0,
                     HAS(CONTROL) | HAS(ZYGOTE) | HAS(COURIER) | HAS(GATEWAY) | HAS(DOMAIN) |
                         HAS(LOCAL),
                     0, 0},
    [ROLE_COURIER] = {"courier", "shuyu-courier", "../../gateway/courier", 30000,
                      HAS(CONTROL) | HAS(WARDEN), 'c', HAND_COURIER},
    [ROLE_GATEWAY] = {"gateway", "shuyu-gateway", "../../gateway", 30000,
                      HAS(CONTROL) | HAS(WARDEN) | HAS(PUBLIC) | HAS(LISTEN), 'g', HAND_GATEWAY},
};

#define SUPERVISOR N_ROLES

static const struct {
    enum role a; /* SUPERVISOR: our own end */
    enum handed as_a;
    enum role b; /* made afresh with it */
    enum handed as_b;
    int type;
} EDGES[] = {
    {SUPERVISOR, 0, ROLE_ZYGOTE, HAND_CONTROL, SOCK_SEQPACKET},
    {SUPERVISOR, 0, ROLE_WARDEN, HAND_CONTROL, SOCK_SEQPACKET},
    {ROLE_WARDEN, HAND_ZYGOTE, ROLE_ZYGOTE, HAND_WARDEN, SOCK_SEQPACKET},
    {SUPERVISOR, 0, ROLE_COURIER, HAND_CONTROL, SOCK_SEQPACKET},
    {ROLE_WARDEN, HAND_COURIER, ROLE_COURIER, HAND_WARDEN, SOCK_STREAM},
    {SUPERVISOR, 0, ROLE_GATEWAY, HAND_CONTROL, SOCK_SEQPACKET},
    {ROLE_WARDEN, HAND_GATEWAY, ROLE_GATEWAY, HAND_WARDEN, SOCK_STREAM},
};

/* Where an end waits; what was there before is closed. */
static void keep_end(struct supervisor *s, enum role role, enum handed as, enum role peer, int fd)
{
    int *place = role == SUPERVISOR ? &s->processes[peer].control : &s->held[role][as];
    sy_fd_close(place);
    *place = fd;
}

static sy_status make_edge(struct supervisor *s, size_t i, struct sy_error *reterr)
{
    int ends[2];
    if (socketpair(AF_UNIX, EDGES[i].type | SOCK_CLOEXEC, 0, ends) != 0) {
        return sy_fail_errno(reterr, errno, "socketpair");
    }
    if (EDGES[i].a == SUPERVISOR) { /* no child can make us wait for it */
        (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    }
    keep_end(s, EDGES[i].a, EDGES[i].as_a, EDGES[i].b, ends[0]);
    keep_end(s, EDGES[i].b, EDGES[i].as_b, EDGES[i].a, ends[1]);
    return SY_OK;
}

sy_status graph_renew(struct supervisor *s, enum role role, struct sy_error *reterr)
{
    for (size_t i = 0; i < sizeof(EDGES) / sizeof(EDGES[0]); i++) {
        if (EDGES[i].b == role) {
            SY_TRY(make_edge(s, i, reterr));
        }
    }
    return SY_OK;
}

sy_status graph_make(struct supervisor *s, struct sy_error *reterr)
{
    for (size_t role = 0; role < N_ROLES; role++) {
        SY_TRY(graph_renew(s, (enum role)role, reterr));
    }
    return SY_OK;
}
