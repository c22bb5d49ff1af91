/*
 * shuyu-warden: the enclave's daemon. `--init` makes a domain and exits; otherwise the supervisor
 * starts it with its descriptors. Start-up follows the recipe of sandbox/process.h.
 */
#include <argp.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "base/time.h"
#include "sandbox/process.h"
#include "warden/call.h"
#include "warden/domain.h"
#include "warden/own.h"
#include "warden/promote.h"
#include "warden/reads.h"
#include "warden/record.h"
#include "warden/replica.h"
#include "warden/shard.h"
#include "warden/stop.h"
#include "warden/sync.h"
#include "warden/witness.h"
#include "wire/rpc.h"

static const uint64_t TICK_NS = 1000000000;
enum { LOCAL_CONNS_MAX = 64, WITNESSES_MS = 5000 /* that the start waits for answers */ };

enum { FD_DOMAIN, FD_ZYGOTE, FD_GATEWAY, FD_COURIER, FD_LOCAL, FD_CONTROL, N_FDS };

static struct sandbox_fd_slot slots[N_FDS] = {
    [FD_DOMAIN] = {"domain", SANDBOX_FD_DIRECTORY, false, -1},
    [FD_ZYGOTE] = {"zygote", SANDBOX_FD_UNIX_SEQPACKET, false, -1},
    [FD_GATEWAY] = {"gateway", SANDBOX_FD_UNIX_STREAM, true, -1},
    [FD_COURIER] = {"courier", SANDBOX_FD_UNIX_STREAM, true, -1},
    [FD_LOCAL] = {"local", SANDBOX_FD_UNIX_LISTENER, true, -1},
    [FD_CONTROL] = {"control", SANDBOX_FD_UNIX_SEQPACKET, false, -1},
};

struct options {
    bool init, promote;
    const char *domain;
    const char *shard; /* origin of the next log */
    struct warden_birth birth;
    uint64_t snapshot_every;
    struct sy_error err;
};

/* --- frames ------------------------------------------------------------------------------------------- */

static void send_clear_error(struct warden_conn *conn, uint32_t id, const struct sy_error *e)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    if (sy_ok(sy_rpc_put_error(&b, id, e))) {
        warden_conn_send(conn, sy_buf_view(&b));
    }
}

static void send_ping(struct warden *w, struct warden_conn *conn, uint32_t id)
{
    struct sy_ping ping;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    warden_ping_fill(w, &ping);
    if (sy_ok(sy_rpc_put_result_head(&b, id)) &&
        sy_ok(sy_record_encode(&sy_ping_desc, &ping, &b))) {
        warden_conn_send(conn, sy_buf_view(&b));
    }
}

/* BOUNDARY: the gateway is not trusted: what it relays is opened, verified and decided from scratch. Its
 * fingerprint decides nothing that a signature does not decide as well. */
static bool parse_relay(const msgpack_object *params, struct warden_origin *o,
                        struct sy_view *method, struct sy_view *envelope)
{
    struct sy_view tls;
    int64_t early = 0;
    const msgpack_object *p = params->via.array.ptr;
    if (params->via.array.size != 4 || !sy_mp_bin(&p[0], &tls) || tls.n != sizeof(o->tls) ||
        !sy_mp_str(&p[1], method) || !sy_mp_bin(&p[2], envelope) || !sy_mp_i64(&p[3], &early)) {
        return false;
    }
    memcpy(o->tls, tls.p, sizeof(o->tls));
    if (sodium_is_zero(o->tls, sizeof(o->tls))) {
        return false; /* zero means the local socket, which the gateway is not */
    }
    o->early = (int32_t)early;
    return true;
}

static void on_request(struct warden *w, struct warden_conn *conn, const struct sy_rpc_msg *m,
                       int passed_fd)
{
    struct warden_origin o = {
        .conn = warden_conn_id(conn), .rpc_id = m->id, .passed_fd = passed_fd};
    struct sy_view method = m->method, envelope = {0};
    bool relayed = warden_conn_kind(conn) == WARDEN_CONN_GATEWAY;
    bool good;
    if (relayed) {
        good = sy_view_is(m->method, "relay") && parse_relay(m->params, &o, &method, &envelope);
    } else if (sy_view_is(method, "status.ping")) {
        sy_fd_close(&o.passed_fd);
        send_ping(w, conn, m->id);
        return;
    } else {
        good = m->params->via.array.size == 1 && sy_mp_bin(&m->params->via.array.ptr[0], &envelope);
    }
    if (good) {
        warden_call_start(w, &o, method, envelope);
        return;
    }
    struct sy_error err = {0};
    sy_fail(&err, SY_E_FRAME, "params", "send [envelope] with the envelope as bin");
    sy_fd_close(&o.passed_fd);
    send_clear_error(conn, m->id, &err);
}

static void on_frame(void *ctx, struct warden_conn *conn, struct sy_view frame, int passed_fd)
{
    struct sy_error err = {0};
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    if (warden_conn_kind(conn) == WARDEN_CONN_COURIER) {
        warden_courier_frame(ctx, frame);
        return;
    }
    sy_status s = sy_rpc_parse(frame, &SY_MP_LARGE, &m, &err);
    if (sy_ok(s) && m.kind == SY_RPC_REQUEST) {
        on_request(ctx, conn, &m, passed_fd);
        return;
    }
    sy_fd_close(&passed_fd);
    if (!sy_ok(s) && m.kind == SY_RPC_REQUEST) {
        send_clear_error(conn, m.id, &err);
    }
}

static void on_gone(void *ctx, struct warden_conn *conn)
{
    struct warden *w = ctx;
    for (size_t i = 0; i < w->n_conns; i++) {
        if (w->conns[i] == conn) {
            w->conns[i] = w->conns[--w->n_conns];
        }
    }
    if (w->gateway == conn) {
        w->gateway = NULL;
    }
    if (w->courier.conn == conn) {
        warden_courier_gone(w);
    }
}

static const struct warden_conn_ops conn_ops = {on_frame, on_gone};

static struct warden_conn *add_conn(struct warden *w, int fd, enum warden_conn_kind kind)
{
    static struct warden_conn *conns[LOCAL_CONNS_MAX + 3]; /* one warden a process */
    w->conns = conns;
    if (kind == WARDEN_CONN_LOCAL && w->n_conns >= LOCAL_CONNS_MAX) {
        close(fd);
        return NULL;
    }
    struct warden_conn *c = warden_conn_open(w->loop, fd, kind, ++w->last_conn, &conn_ops, w);
    if (c != NULL) {
        w->conns[w->n_conns++] = c;
    }
    return c;
}

static void attach_gateway(struct warden *w, int fd)
{
    if (w->gateway != NULL) {
        warden_conn_drop(w->gateway);
    }
    w->gateway = add_conn(w, fd, WARDEN_CONN_GATEWAY);
    if (w->gateway != NULL) {
        warden_replica_all(w);
    }
}

static void attach_courier(struct warden *w, int fd)
{
    if (w->courier.conn != NULL) {
        warden_conn_drop(w->courier.conn);
    }
    warden_courier_attach(w, add_conn(w, fd, WARDEN_CONN_COURIER));
}

/* --- edges ---------------------------------------------------------------------------------------------- */

static void on_local(void *ctx, short revents)
{
    (void)revents;
    struct warden *w = ctx;
    int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        add_conn(w, fd, WARDEN_CONN_LOCAL);
    }
}

static void on_control(void *ctx, short revents)
{
    (void)revents;
    struct warden *w = ctx;
    uint8_t what = 0;
    int fd = -1;
    sy_status s = sandbox_control_next(w->control, &what, &fd);
    if (!sy_ok(s)) {
        warden_loop_stop(w->loop); /* the supervisor wants us to stop, or is gone */
    } else if (what == SANDBOX_CONTROL_GATEWAY && fd >= 0) {
        attach_gateway(w, fd);
    } else if (what == SANDBOX_CONTROL_COURIER && fd >= 0) {
        attach_courier(w, fd);
    } else if (fd >= 0) {
        close(fd);
    }
}

static void on_tick(void *ctx)
{
    struct warden *w = ctx;
    /* The round looks how the last files went: a quiet log has no commit that would. */
    w->unpublished = true;
    warden_domain_tick(w);
    warden_own_tick(w);
    warden_stops_tick(w);
    warden_note(w);
    warden_replica_tick(w);
    warden_snapshot_tick(w);
    warden_sync_tick(w);
    if (warden_timer_add(w->loop, sy_mono_ns() + TICK_NS, on_tick, w) == 0) {
        w->failed = true; /* nothing would expire or be noted any more */
        warden_loop_stop(w->loop);
    }
}

static void after_round(void *ctx)
{
    warden_commit(ctx);
    warden_publish(ctx);
    warden_snapshot_round(ctx);
    warden_witness_tick(ctx);
}

/* --- start ------------------------------------------------------------------------------------------------ */

static sy_status watch_clients(struct warden *w)
{
    if (w->listener >= 0) {
        w->listener_watch = warden_watch_add(w->loop, w->listener, POLLIN, on_local, w);
    }
    if (slots[FD_GATEWAY].fd >= 0) {
        attach_gateway(w, slots[FD_GATEWAY].fd);
    }
    uint64_t tick = warden_timer_add(w->loop, sy_mono_ns() + TICK_NS, on_tick, w);
    return tick != 0 ? sandbox_control_ready(w->control) : sy_status_of(SY_E_NO_MEMORY);
}

/* The witnesses were asked, as far as they can be reached: serve. */
static void open_doors(void *ctx)
{
    struct warden *w = ctx;
    sy_status s = watch_clients(w);
    if (!sy_ok(s)) {
        sy_log(SY_LOG_ERROR, "the domain cannot be opened", SY_LOGF_CODE(s.code));
        w->failed = true;
        warden_loop_stop(w->loop);
    }
}

/* The two edges that are needed before anybody is served. */
static sy_status watch_edges(struct warden *w)
{
    w->control_watch = warden_watch_add(w->loop, w->control, POLLIN, on_control, w);
    if (slots[FD_COURIER].fd >= 0) {
        attach_courier(w, slots[FD_COURIER].fd);
    }
    return w->control_watch != NULL ? SY_OK : sy_status_of(SY_E_NO_MEMORY);
}

static sy_status why_failed(const struct warden *w, struct sy_error *err)
{
    if (w->rolled_back) {
        return sy_fail(
            err, SY_E_ROLLBACK, "witness",
            "a witness has seen another log than this one, and shows it: an older disk, or a "
            "second domain with these keys");
    }
    return w->failed ? sy_fail(err, SY_E_READ_ONLY, "ledger", NULL) : SY_OK;
}

static sy_status serve(struct warden *w, struct sy_error *err)
{
    SY_TRY(sandbox_enter_process(slots, N_FDS, err));
    w->dir = slots[FD_DOMAIN].fd;
    w->zygote = slots[FD_ZYGOTE].fd;
    w->control = slots[FD_CONTROL].fd;
    w->listener = slots[FD_LOCAL].fd;
    w->waiting_tail = &w->waiting;
    w->loop = warden_loop_new(after_round, w);
    if (w->loop == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(warden_domain_open(w, err));
    SY_TRY(sandbox_enter_warden(w->dir, err));
    SY_TRY(watch_edges(w));
    SY_TRY(warden_witness_load(w, err));
    SY_TRY(warden_witness_start(w, WITNESSES_MS, open_doors, w));
    warden_loop_run(w->loop);
    return why_failed(w, err);
}

static void close_all(struct warden *w)
{
    if (w->ledger != NULL && w->vault != NULL && !w->failed) {
        warden_note(w);
        (void)sy_ok(
            ledger_publish(w->ledger, NULL)); /* the last of it; a start would write it too */
    }
    warden_courier_close(w);
    warden_witness_free(w);
    warden_snapshot_close(w);
    warden_logs_close(w);
    vault_close(w->vault);
    rules_state_free(w->state);
}

/* --- command line ------------------------------------------------------------------------------------------- */

static const struct argp_option argp_options[] = {
    {"init", 'i', NULL, 0, "Make a new domain in --domain and exit", 0},
    {"promote", 'P', NULL, 0, "Ask for the promotion of the standby in --domain, and exit", 0},
    {"shard", 'S', "ORIGIN", 0, "Ask for the log of --domain to be closed and go on as ORIGIN", 0},
    {"domain", 'd', "DIR", 0, "The domain's folder (with --init, --promote)", 0},
    {"name", 'n', "NAME", 0, "Name and log origin of the new domain", 0},
    {"purpose", 'p', "PURPOSE", 0, "production or test", 0},
    {"agency", 'a', "FILE", 0, "The agency's public record (shuyu party record)", 0},
    {"operator", 'o', "FILE", 0, "The operator's public record", 0},
    {"fd", 'f', "NAME=N", 0, "A descriptor from the supervisor", 0},
    {"snapshot-every", 's', "N", 0, "Entries between two snapshots at least (10000)", 0},
    {0}};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    char *end;
    switch (key) {
    case 'i':
        o->init = true;
        return 0;
    case 'P':
        o->promote = true;
        return 0;
    case 'S':
        o->shard = arg;
        return 0;
    case 'd':
        o->domain = arg;
        return 0;
    case 'n':
        o->birth.name = arg;
        return 0;
    case 'p':
        o->birth.purpose = arg;
        return 0;
    case 'a':
        o->birth.agency = arg;
        return 0;
    case 'o':
        o->birth.operator_ = arg;
        return 0;
    case 's':
        o->snapshot_every = strtoull(arg, &end, 10);
        if (*end != '\0' || o->snapshot_every == 0) {
            argp_error(state, "--snapshot-every: not a number of entries");
        }
        return 0;
    case 'f':
        if (!sy_ok(sandbox_fd_take(arg, slots, N_FDS, &o->err))) {
            argp_error(state, "--fd %s: %s", arg, o->err.reason);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

__attribute__((visibility("default"))) const char *argp_program_version =
    "shuyu-warden " SHUYU_VERSION;

static sy_status ask_promotion(struct options *o)
{
    if (o->domain == NULL) {
        return sy_fail(&o->err, SY_E_USAGE, "--promote", "needs --domain");
    }
    SY_FD_CLEANUP int dir = open(o->domain, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return sy_fail(&o->err, SY_E_NOT_FOUND, "--domain", "there is no such folder");
    }
    return warden_promotion_ask(dir, &o->err);
}

/* Its vkey goes to standard output: witnesses' policies name it before the log is closed. */
static sy_status ask_shard(struct options *o)
{
    char vkey[WARDEN_VKEY_MAX];
    if (o->domain == NULL) {
        return sy_fail(&o->err, SY_E_USAGE, "--shard", "needs --domain");
    }
    SY_FD_CLEANUP int dir = open(o->domain, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return sy_fail(&o->err, SY_E_NOT_FOUND, "--domain", "there is no such folder");
    }
    SY_TRY(warden_shard_ask(dir, o->shard, vkey, &o->err));
    puts(vkey);
    return SY_OK;
}

static sy_status init_domain(struct options *o)
{
    if (o->domain == NULL || o->birth.agency == NULL || o->birth.operator_ == NULL) {
        return sy_fail(&o->err, SY_E_USAGE, "--init", "needs --domain, --agency and --operator");
    }
    SY_FD_CLEANUP int dir = open(o->domain, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return sy_fail(&o->err, SY_E_NOT_FOUND, "--domain",
                       "make the folder first, owned by you, mode 0700");
    }
    return warden_birth(dir, &o->birth, &o->err);
}

static sy_status run_role(struct options *o)
{
    static struct warden w;
    w.snapshots.every = o->snapshot_every;
    SY_TRY(sandbox_fds_check(slots, N_FDS, &o->err));
    sy_status s = serve(&w, &o->err);
    close_all(&w);
    return s;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options, parse_option, NULL, "The enclave's daemon of a Shuyu data domain.",
        NULL,         NULL,         NULL};
    struct options o = {.birth = {.name = "shuyu.example/log", .purpose = "production"}};
    sy_log_setup("warden", SY_LOG_INFO);
    if (sodium_init() < 0) {
        return EXIT_FAILURE;
    }
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    sy_status s = o.init      ? init_domain(&o)
                  : o.promote ? ask_promotion(&o)
                  : o.shard   ? ask_shard(&o)
                              : run_role(&o);
    if (!sy_ok(s)) {
        fprintf(stderr, "shuyu-warden: %s%s%s\n", o.err.field, o.err.field[0] ? ": " : "",
                o.err.reason[0] ? o.err.reason : sy_code_text(s.code));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
