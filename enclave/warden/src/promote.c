/*
 * What: which folder leads, and how a standby comes to. Invariants: leading follows from the folded log and
 * the folder's own seat, never from a flag; a promotion is durable and folded before anything is served;
 * until then nothing in the folder is changed but by the one append.
 */
#include "warden/promote.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>

#include "base/fdio.h"
#include "base/log.h"
#include "base/time.h"
#include "rules/epoch.h"
#include "warden/domain.h"
#include "warden/record.h"
#include "warden/witness.h"

#define SEAT_FILE  "standby"
#define SEAT_FIRST "shuyu-standby@v1\n"
#define REQUEST    "promote.req"

enum { FILE_MAX = 1 << 16, SEAT_BYTES = 32, SEAT_TEXT = sizeof(SEAT_FIRST) - 1 + 65 };

/* --- the seat ----------------------------------------------------------------------------------------- */

sy_status warden_seat_read(struct warden *w, struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    size_t n = 0;
    memset(w->seat, 0, sizeof(w->seat));
    sy_status s = sy_read_file_at(w->dir, SEAT_FILE, &b);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    SY_TRY(s);
    const char *hex = (const char *)b.p + sizeof(SEAT_FIRST) - 1;
    bool good = b.n == SEAT_TEXT && b.p[b.n - 1] == '\n' &&
                sy_view_starts(sy_buf_view(&b), sy_view_str(SEAT_FIRST)) &&
                sodium_hex2bin(w->seat, SEAT_BYTES, hex, 2 * SEAT_BYTES, NULL, &n, NULL) == 0;
    return good && n == SEAT_BYTES && warden_is_standby(w)
               ? SY_OK
               : sy_fail(reterr, SY_E_FIELD, SEAT_FILE, "the file does not name a standby's seat");
}

bool warden_is_standby(const struct warden *w)
{
    return !sodium_is_zero(w->seat, sizeof(w->seat));
}

/* --- carrying it out ---------------------------------------------------------------------------------- */

/* BOUNDARY: the rules have the size; that the history is the one which the two signed for is seen here. */
static sy_status root_check(const struct warden *w, const struct sy_promote *a,
                            struct sy_error *err)
{
    uint8_t root[PROOF_HASH_BYTES];
    if (memcmp(a->seat, w->seat, sizeof(w->seat)) != 0) {
        return sy_fail(err, SY_E_PROOF, "seat", "the request promotes another folder");
    }
    if (a->size != ledger_size(w->ledger)) {
        return sy_fail(err, SY_E_PROOF, "size", "the request is for another length of the log");
    }
    SY_TRY(ledger_root(w->ledger, a->size, root));
    return memcmp(root, a->root, sizeof(root)) == 0
               ? SY_OK
               : sy_fail(err, SY_E_PROOF, "root", "the request is for another history");
}

static sy_status refused(const struct sy_verdict *v, struct sy_error *err)
{
    char field[sizeof(err->field)];
    sy_view_to_cstr(v->field, field, sizeof(field));
    return sy_fail(err, v->code != 0 ? (int32_t)v->code : SY_E_STATE, field, "%.*s",
                   SY_PV(v->reason));
}

static sy_status promote(struct warden *w, const struct rules_request *r,
                         const struct sy_promote *a, struct sy_arena *arena, struct sy_error *err)
{
    struct sy_inputs in = {.time = warden_time(w)};
    struct rules_decision d = {0};
    uint64_t entry = 0;
    SY_TRY(root_check(w, a, err));
    SY_TRY(rules_decide(w->state, r, &in, arena, &d, err));
    if (d.kind != RULES_KIND_EVENT || d.verdict.code != 0) {
        return refused(&d.verdict, err); /* a standby records nothing, refusals included */
    }
    SY_TRY(vault_epoch_reach(w->vault, a->epoch));
    SY_TRY(warden_record(w, r, &in, &d, &entry, err));
    SY_TRY(ledger_commit(w->ledger, err));
    w->appended = false;
    sy_log(SY_LOG_WARN, "this standby was promoted", SY_LOGF_N("entry", entry),
           SY_LOGF_N("epoch", a->epoch));
    return SY_OK;
}

static sy_status read_request(struct warden *w, struct sy_arena *arena, struct rules_request *ret,
                              struct sy_promote *ret_args, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
    struct sy_logged_request logged;
    sy_status s = sy_read_file_at(w->dir, REQUEST, &b);
    if (s.code == SY_E_NOT_FOUND) {
        return sy_fail(err, SY_E_STATE, SEAT_FILE,
                       warden_is_standby(w)
                           ? "this is a standby: it serves nothing before it is promoted (shuyu "
                             "domain promote)"
                           : "another folder was promoted and leads this domain now");
    }
    SY_TRY(s);
    struct sy_view bytes = sy_arena_copy(arena, sy_buf_view(&b));
    SY_TRY(sy_record_decode(&sy_logged_request_desc, bytes, &SY_MP_REQUEST, arena, &logged, err));
    *ret = (struct rules_request){.header_bytes = logged.header,
                                  .args = logged.args,
                                  .sigs = logged.sigs,
                                  .n_sigs = logged.n_sigs};
    memcpy(ret->salt, logged.salt, sizeof(ret->salt));
    memcpy(ret->secret_digest, logged.secret, sizeof(ret->secret_digest));
    SY_TRY(
        sy_record_decode(&sy_header_desc, logged.header, &SY_MP_REQUEST, arena, &ret->header, err));
    if (!sy_view_is(ret->header.method, "domain.promote")) {
        return sy_fail(err, SY_E_METHOD, REQUEST, "the request is for another method");
    }
    return sy_record_decode(&sy_promote_desc, logged.args, &SY_MP_REQUEST, arena, ret_args, err);
}

/* By the log: at start nothing was loaded from it yet. */
static bool policy_has_quorum(const struct warden *w)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_row_witness row;
    return sy_ok(rules_state_read(w->state, sy_view_str("witness"), &sy_row_witness_desc, &arena,
                                  &row, NULL)) &&
           row.quorum;
}

sy_status warden_lead(struct warden *w, struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_epoch e;
    struct rules_request r;
    struct sy_promote a;
    SY_TRY(rules_epoch_read(w->state, &e, reterr));
    if (memcmp(e.seat, w->seat, sizeof(w->seat)) != 0) {
        SY_TRY(read_request(w, &arena, &r, &a, reterr));
        SY_TRY(promote(w, &r, &a, &arena, reterr));
        SY_TRY(rules_epoch_read(w->state, &e, reterr));
    }
    if (memcmp(e.seat, w->seat, sizeof(w->seat)) != 0) {
        return sy_fail(reterr, SY_E_INTERNAL, SEAT_FILE, "the promotion names another folder");
    }
    w->promotion = e.entry;
    if (e.entry > 0 && !policy_has_quorum(w)) {
        sy_log(SY_LOG_WARN,
               "this domain was promoted and no policy has a quorum: another leader is "
               "detected, not prevented");
    }
    return vault_epoch_reach(w->vault, e.number);
}

bool warden_is_fenced(const struct warden *w)
{
    return w->promotion > 0 && warden_witness_asked(w) && !warden_witness_covers(w, w->promotion);
}

/* --- asking for it ------------------------------------------------------------------------------------- */

static sy_status write_request(const struct warden *w, const struct sy_genesis *g,
                               const struct sy_promote *a, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(FILE_MAX), header = sy_buf(FILE_MAX);
    SY_BUF_CLEANUP struct sy_buf out = sy_buf(FILE_MAX);
    struct sy_logged_request r = {0};
    struct sy_header h = {.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                          .method = sy_view_str("domain.promote"),
                          .party = g->agency.party,
                          .suite = SY_SUITE_INTL,
                          .expiry = warden_time(w) + SY_ENVELOPE_LIFE_MAX_S};
    SY_TRY(sy_record_encode(&sy_promote_desc, a, &args));
    r.args = sy_buf_view(&args);
    randombytes_buf(r.salt, sizeof(r.salt));
    randombytes_buf(h.nonce, sizeof(h.nonce));
    proof_args_digest(h.body, r.salt, r.args, NULL);
    memcpy(h.domain, w->domain, sizeof(h.domain));
    SY_TRY(sy_record_encode(&sy_header_desc, &h, &header));
    r.header = sy_buf_view(&header);
    SY_TRY(sy_record_encode(&sy_logged_request_desc, &r, &out));
    sy_status s = sy_replace_file_at(w->dir, REQUEST, sy_buf_view(&out), 0644);
    return sy_ok(s) ? s : sy_fail(err, s.code, REQUEST, NULL);
}

static sy_status ask(struct warden *w, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_epoch e;
    struct sy_genesis g;
    struct sy_row_domain domain;
    SY_TRY(warden_domain_fold(w, err));
    SY_TRY(rules_epoch_read(w->state, &e, err));
    if (memcmp(e.seat, w->seat, sizeof(w->seat)) == 0) {
        return sy_fail(err, SY_E_STATE, SEAT_FILE, "this folder leads the domain already");
    }
    SY_TRY(rules_state_read(w->state, sy_view_str("genesis"), &sy_genesis_desc, &arena, &g, err));
    SY_TRY(rules_state_read(w->state, sy_view_str("domain"), &sy_row_domain_desc, &arena, &domain,
                            err));
    memcpy(w->domain, domain.id, sizeof(w->domain));
    struct sy_promote a = {.epoch = e.number + 1, .size = ledger_size(w->ledger)};
    memcpy(a.seat, w->seat, sizeof(a.seat));
    SY_TRY(ledger_root(w->ledger, a.size, a.root));
    return write_request(w, &g, &a, err);
}

/* Opening ends what a crash left undone: not in a domain's own folder, and not while anybody works here. */
static sy_status lock(struct warden *w, int *ret_fd, struct sy_error *err)
{
    SY_TRY(warden_seat_read(w, err));
    if (!warden_is_standby(w)) {
        return sy_fail(err, SY_E_STATE, SEAT_FILE, "this folder is no standby");
    }
    *ret_fd = openat(w->dir, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_fd < 0) {
        return sy_fail_errno(err, errno, "open the run folder");
    }
    return flock(*ret_fd, LOCK_EX | LOCK_NB) == 0
               ? SY_OK
               : sy_fail(err, SY_E_BUSY, "run", "a domain or a copier runs in this folder");
}

sy_status warden_promotion_ask(int dir, struct sy_error *reterr)
{
    static struct warden w;
    SY_FD_CLEANUP int run = -1; /* the lock goes with it */
    w = (struct warden){.dir = dir, .zygote = -1, .listener = -1, .control = -1};
    sy_status s = lock(&w, &run, reterr);
    s = sy_ok(s) ? ask(&w, reterr) : s;
    ledger_close(w.ledger);
    vault_close(w.vault);
    rules_state_free(w.state);
    return s;
}
