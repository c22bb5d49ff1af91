/* See test_domain.h. */
#include "test_domain.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "base/time.h"
#include "sandbox/process.h"
#include "wire/rpc.h"

int warden_main(int argc, char **argv);

enum { PATIENCE_S = 30, FRAME_MAX = 65 << 20 };

/* ---- birth ---- */

size_t domain_party_index(const struct domain *d, const char *id)
{
    size_t i = 0;
    while (i < d->k.n_parties && strcmp(d->k.parties[i].id, id) != 0) {
        i++;
    }
    assert_true(i < d->k.n_parties);
    return i;
}

const uint8_t *domain_new_box(struct domain *d, const char *id)
{
    size_t i = domain_party_index(d, id);
    uint8_t seed[32] = {0xB0, (uint8_t)i};
    crypto_box_seed_keypair(d->box[i], d->box_secret[i], seed);
    return d->box[i];
}

static void write_founder(struct domain *d, const char *id, const char *file)
{
    const struct kit_party *p = kit_party(&d->k, id);
    struct sy_party r = {.name = V(id), .party = V(p->id), .role = V(id), .status = V("active")};
    memcpy(r.box, domain_new_box(d, id), 32);
    memcpy(r.sign, p->sign, 32);
    memcpy(r.tls, p->tls, 32);
    check_ok(sy_replace_file_at(d->dir, file, kit_encode(&d->k, &sy_party_desc, &r), 0600));
}

/* Both founders sign the header that the birth made. */
static void sign_genesis(struct domain *d)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct sy_logged_request r;
    struct sy_genesis g;
    static const char *const founders[] = {"agency", "operator"};
    struct sy_signature *sigs = kit_alloc(&d->k, 2, sizeof(*sigs));
    check_ok(sy_read_file_at(d->dir, "genesis.req", &b));
    struct sy_view bytes = sy_arena_copy(&d->k.arena, sy_buf_view(&b));
    check_ok(
        sy_record_decode(&sy_logged_request_desc, bytes, &SY_MP_REQUEST, &d->k.arena, &r, NULL));
    check_ok(sy_record_decode(&sy_genesis_desc, r.args, &SY_MP_REQUEST, &d->k.arena, &g, NULL));
    for (size_t i = 0; i < 2; i++) {
        uint8_t *sig = kit_alloc(&d->k, 64, 1);
        proof_sign(sig, r.header, kit_party(&d->k, founders[i])->secret);
        memcpy(sigs[i].key, kit_party(&d->k, founders[i])->sign, 32);
        sigs[i].sig = sy_view(sig, 64);
    }
    r.sigs = sigs;
    r.n_sigs = 2;
    struct sy_view signed_ = kit_encode(&d->k, &sy_logged_request_desc, &r);
    check_ok(sy_replace_file_at(d->dir, "genesis.req", signed_, 0600));
    proof_domain_id(d->k.domain, r.args);
    memcpy(d->domain_box, g.box, 32);
    memcpy(d->warden, g.warden, 32);
    d->log = g.log;
}

static void bear(struct domain *d)
{
    char agency[128], operator_[128];
    struct sy_error err = {0};
    snprintf(d->path, sizeof(d->path), "/tmp/shuyu-warden-XXXXXX");
    assert_non_null(mkdtemp(d->path));
    d->dir = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(d->dir >= 0);
    write_founder(d, "agency", "agency.party");
    write_founder(d, "operator", "operator.party");
    snprintf(agency, sizeof(agency), "%s/agency.party", d->path);
    snprintf(operator_, sizeof(operator_), "%s/operator.party", d->path);
    struct warden_birth b = {
        .name = "shuyu.example/log", .purpose = "test", .agency = agency, .operator_ = operator_};
    check_ok(warden_birth(d->dir, &b, &err));
    sign_genesis(d);
}

/* ---- the process ---- */

static int make_listener(const struct domain *d)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/run/local.sock", d->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static int serve(const struct domain *d, int gateway, int control)
{
    const struct {
        const char *name;
        int fd;
    } given[] = {{"domain", d->dir},
                 {"zygote", d->zygote.sock},
                 {"gateway", gateway},
                 {"local", d->listener},
                 {"control", control}};
    static char text[5][32], name[] = "shuyu-warden", flag[] = "--fd";
    char *argv[12] = {name};
    int argc = 1;
    for (size_t i = 0; i < 5; i++) {
        snprintf(text[i], sizeof(text[i]), "%s=%d", given[i].name, given[i].fd);
        argv[argc++] = flag;
        argv[argc++] = text[i];
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    return warden_main(argc, argv);
}

static void set_patience(int fd)
{
    struct timeval t = {.tv_sec = PATIENCE_S};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)), 0);
}

static void spawn_warden(struct domain *d)
{
    int gateway[2], control[2];
    uint8_t what = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gateway), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
    d->listener = make_listener(d);
    d->pid = fork();
    assert_true(d->pid >= 0);
    if (d->pid == 0) {
        fake_die_as_usual();
        close(gateway[0]);
        close(control[0]);
        _exit(serve(d, gateway[1], control[1]));
    }
    close(gateway[1]);
    close(control[1]);
    sy_fd_close(&d->listener);
    d->gateway = gateway[0];
    d->control = control[0];
    set_patience(d->gateway);
    set_patience(d->control);
    check_ok(sandbox_control_next(d->control, &what, NULL));
    assert_int_equal(what, SANDBOX_CONTROL_READY);
}

void domain_start(struct domain *d, fake_worker *run)
{
    memset(d, 0, sizeof(*d));
    (void)signal(SIGPIPE, SIG_IGN);
    kit_init(&d->k);
    d->k.time = sy_now_s();
    d->in = sy_buf(FRAME_MAX);
    d->orders =
        mmap(NULL, sizeof(*d->orders), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(d->orders != MAP_FAILED);
    fake_start(&d->zygote, run, d->orders);
    bear(d);
    spawn_warden(d);
}

void domain_restart(struct domain *d, void (*between)(struct domain *d))
{
    int status = 0;
    assert_int_equal(kill(d->pid, SIGKILL), 0);
    assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
    assert_true(WIFSIGNALED(status));
    sy_fd_close(&d->control);
    sy_fd_close(&d->gateway);
    sy_buf_clear(&d->in);
    assert_int_equal(unlinkat(d->dir, "run/local.sock", 0), 0);
    if (between != NULL) {
        between(d);
    }
    spawn_warden(d);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void forget(struct domain *d)
{
    fake_stop(&d->zygote);
    munmap(d->orders, sizeof(*d->orders));
    sy_buf_deinit(&d->in);
    for (size_t i = 0; i < DOMAIN_STASH; i++) {
        sy_buf_deinit(&d->stash[i].bytes);
    }
    close(d->dir);
    nftw(d->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    kit_free(&d->k);
}

void domain_stop(struct domain *d, void (*look)(struct domain *d, struct warden *w))
{
    int status = 0;
    struct sy_error err = {0};
    sy_fd_close(&d->control);
    sy_fd_close(&d->gateway);
    assert_int_equal(waitpid(d->pid, &status, 0), d->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    struct warden w = {.dir = d->dir, .zygote = -1};
    sy_status s = warden_domain_open(&w, &err);
    if (!sy_ok(s)) {
        fail_msg("replay: %s %s %s", sy_code_name(s.code), err.field, err.reason);
    }
    if (look != NULL) {
        look(d, &w);
    }
    ledger_close(w.ledger);
    vault_close(w.vault);
    rules_state_free(w.state);
    forget(d);
}

/* ---- frames ---- */

static bool next_frame(struct sy_buf *in, int fd, struct sy_buf *ret)
{
    size_t n = 0;
    while (!sy_ok(sy_mp_frame(sy_buf_view(in), &SY_MP_LARGE, &n, NULL))) {
        uint8_t *to = sy_buf_reserve(in, 1 << 16);
        assert_non_null(to);
        ssize_t got = recv(fd, to, 1 << 16, 0);
        if (got <= 0) {
            return false;
        }
        in->n += (size_t)got;
    }
    sy_buf_clear(ret);
    check_ok(sy_buf_add(ret, in->p, n));
    sy_buf_consume(in, n);
    return true;
}

/* The id of a response; false for a notification. */
static bool response_id(const struct sy_buf *frame, uint32_t *ret)
{
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    check_ok(sy_rpc_parse(sy_buf_view(frame), &SY_MP_LARGE, &m, NULL));
    *ret = m.id;
    return m.kind == SY_RPC_RESPONSE;
}

static void put_by(struct domain *d, uint32_t id, struct sy_buf *frame)
{
    for (size_t i = 0; i < DOMAIN_STASH; i++) {
        if (d->stash[i].bytes.n == 0) {
            sy_buf_deinit(&d->stash[i].bytes);
            d->stash[i] = (struct domain_frame){.bytes = *frame, .id = id};
            *frame = sy_buf(FRAME_MAX);
            return;
        }
    }
    fail_msg("more replies than requests");
}

static bool stashed(struct domain *d, uint32_t id, struct sy_buf *ret)
{
    for (size_t i = 0; i < DOMAIN_STASH; i++) {
        if (d->stash[i].bytes.n > 0 && d->stash[i].id == id) {
            sy_buf_deinit(ret);
            *ret = d->stash[i].bytes;
            d->stash[i].bytes = sy_buf(FRAME_MAX);
            return true;
        }
    }
    return false;
}

static void open_reply(struct domain *d, const char *party, struct sy_view envelope,
                       struct sy_view sealed, struct domain_reply *ret)
{
    size_t i = domain_party_index(d, party);
    struct proof_envelope request;
    struct proof_reply_open how = {.request = &request,
                                   .warden = d->warden,
                                   .box_public = d->box[i],
                                   .box_secret = d->box_secret[i]};
    PROOF_REPLY_CLEANUP struct proof_reply r = {0};
    check_ok(proof_envelope_parse(envelope, &d->k.arena, &request, NULL));
    check_ok(proof_reply_open(sealed, &how, &r, NULL));
    struct sy_view copy = kit_encode(&d->k, &sy_reply_desc, &r.reply);
    ret->sealed = true;
    ret->bytes = sealed.n;
    check_ok(sy_record_decode(&sy_reply_desc, copy, &SY_MP_LARGE, &d->k.arena, &ret->reply, NULL));
    char code[64];
    sy_view_to_cstr(ret->reply.error, code, sizeof(code));
    ret->error.code = code[0] == '\0' ? 0 : sy_code_of_name(code);
    sy_view_to_cstr(ret->reply.field, ret->error.field, sizeof(ret->error.field));
    sy_view_to_cstr(ret->reply.reason, ret->error.reason, sizeof(ret->error.reason));
}

static struct domain_reply read_reply(struct domain *d, const char *party, struct sy_view envelope,
                                      const struct sy_buf *frame)
{
    struct domain_reply ret = {0};
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    struct sy_view sealed;
    check_ok(sy_rpc_parse(sy_buf_view(frame), &SY_MP_LARGE, &m, NULL));
    if (!sy_rpc_error(m.error, &ret.error)) {
        assert_true(sy_mp_bin(m.result, &sealed));
        open_reply(d, party, envelope, sealed, &ret);
    }
    return ret;
}

struct domain_reply domain_await(struct domain *d, const char *party, uint32_t id)
{
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(FRAME_MAX);
    if (stashed(d, id, &frame)) {
        return read_reply(d, party, d->sent[id % DOMAIN_SENT], &frame);
    }
    for (;;) {
        uint32_t other = 0;
        if (!next_frame(&d->in, d->gateway, &frame)) {
            fail_msg("no reply to request %u", id);
        }
        bool response = response_id(&frame, &other);
        if (response && other == id) {
            return read_reply(d, party, d->sent[id % DOMAIN_SENT], &frame);
        }
        if (response) {
            put_by(d, other, &frame);
        }
    }
}

/* ---- calls ---- */

struct sy_view domain_envelope(struct domain *d, const struct domain_call *c)
{
    const uint8_t *secrets[] = {kit_party(&d->k, c->party)->secret};
    struct proof_request r = {.args = c->args,
                              .secret = c->secret,
                              .domain_box = d->domain_box,
                              .secrets = secrets,
                              .n_secrets = 1};
    struct sy_header h = {.method = V(c->method), .party = V(c->party), .expiry = sy_now_s() + 600};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4 << 20);
    memcpy(h.domain, d->k.domain, 32);
    if (c->grant != NULL) {
        memcpy(h.grant, c->grant, 32);
    }
    if (c->subject != NULL) {
        memcpy(h.subject, c->subject, 32);
    }
    check_ok(proof_envelope_make(&r, &h, &b));
    return sy_arena_copy(&d->k.arena, sy_buf_view(&b));
}

void domain_say(struct domain *d, struct sy_view bytes)
{
    check_ok(sy_write_all(d->gateway, bytes.p, bytes.n));
}

uint32_t domain_put_relay(struct domain *d, const struct domain_call *c, struct sy_view envelope,
                          struct sy_buf *b)
{
    const uint8_t *tls = c->tls != NULL ? c->tls : kit_party(&d->k, c->party)->tls;
    uint32_t id = ++d->rpc;
    d->sent[id % DOMAIN_SENT] = envelope;
    check_ok(sy_rpc_put_request(b, id, "relay", 4));
    check_ok(sy_mp_put_bin(b, sy_view(tls, 32)));
    check_ok(sy_mp_put_str(b, V(c->method)));
    check_ok(sy_mp_put_bin(b, envelope));
    check_ok(sy_mp_put_i64(b, c->early));
    return id;
}

uint32_t domain_relay(struct domain *d, const struct domain_call *c, struct sy_view envelope)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(8 << 20);
    uint32_t id = domain_put_relay(d, c, envelope, &b);
    domain_say(d, sy_buf_view(&b));
    return id;
}

int32_t domain_ask(struct domain *d, const struct domain_call *c)
{
    uint32_t id = domain_relay(d, c, domain_envelope(d, c));
    d->k.err = domain_await(d, c->party, id).error;
    return d->k.err.code;
}

struct domain_call domain_run(struct domain *d, const char *age)
{
    struct sy_run_param param = {.name = V("min_age"), .value = V(age)};
    struct sy_run run = {.params = &param, .n_params = 1};
    return (struct domain_call){.party = "acme",
                                .method = "model.run",
                                .grant = d->k.grant,
                                .subject = d->k.model,
                                .args = kit_encode(&d->k, &sy_run_desc, &run)};
}

/* ---- local clients, edges ---- */

int domain_local(struct domain *d)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/run/local.sock", d->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    set_patience(fd);
    return fd;
}

static void await_response(int sock, struct sy_buf *frame)
{
    SY_BUF_CLEANUP struct sy_buf in = sy_buf(FRAME_MAX);
    uint32_t id;
    do {
        assert_true(next_frame(&in, sock, frame));
    } while (!response_id(frame, &id));
}

void domain_send_local(int sock, const struct domain_call *c, struct sy_view envelope, int fd)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(8 << 20);
    check_ok(sy_rpc_put_request(&b, 1, c->method, 1));
    check_ok(sy_mp_put_bin(&b, envelope));
    check_ok(sy_send_fds(sock, sy_buf_view(&b), &fd, fd >= 0 ? 1 : 0));
}

struct domain_reply domain_await_local(struct domain *d, int sock, const struct domain_call *c,
                                       struct sy_view envelope)
{
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(FRAME_MAX);
    await_response(sock, &frame);
    return read_reply(d, c->party, envelope, &frame);
}

struct domain_reply domain_ask_local(struct domain *d, int sock, const struct domain_call *c,
                                     int fd)
{
    struct sy_view envelope = domain_envelope(d, c);
    domain_send_local(sock, c, envelope, fd);
    return domain_await_local(d, sock, c, envelope);
}

uint64_t domain_size(struct domain *d)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(FRAME_MAX);
    SY_RPC_CLEANUP struct sy_rpc_msg m = {0};
    SY_FD_CLEANUP int sock = domain_local(d);
    struct sy_ping ping;
    check_ok(sy_rpc_put_request(&b, 1, "status.ping", 0));
    check_ok(sy_write_all(sock, b.p, b.n));
    await_response(sock, &frame);
    check_ok(sy_rpc_parse(sy_buf_view(&frame), &SY_MP_LARGE, &m, NULL));
    check_ok(sy_record_decode_object(&sy_ping_desc, m.result, &d->k.arena, &ping, NULL));
    return ping.size;
}

bool domain_cut_off(struct domain *d)
{
    SY_BUF_CLEANUP struct sy_buf frame = sy_buf(FRAME_MAX);
    struct timeval t = {.tv_usec = 300000};
    assert_int_equal(setsockopt(d->gateway, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)), 0);
    while (next_frame(&d->in, d->gateway, &frame)) {
    }
    uint8_t b;
    bool cut = recv(d->gateway, &b, 1, MSG_DONTWAIT) == 0;
    set_patience(d->gateway);
    return cut;
}

void domain_new_gateway(struct domain *d)
{
    int ends[2];
    sy_fd_close(&d->gateway);
    sy_buf_clear(&d->in);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    check_ok(sandbox_control_send(d->control, SANDBOX_CONTROL_GATEWAY, ends[1]));
    close(ends[1]);
    d->gateway = ends[0];
    set_patience(d->gateway);
}
