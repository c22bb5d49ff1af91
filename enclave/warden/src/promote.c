/*
 * What: which folder leads, and how a standby comes to. Invariants: leading follows from the folded log,
 * the folder's own seat and the key store's record of it, which is in no copy, never from a flag; a promotion is durable and folded before anything is served;
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
#include "request.h"
#include "rules/epoch.h"
#include "warden/domain.h"
#include "warden/record.h"
#include "warden/shard.h"
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
    if (a->size != warden_log_size(w)) {
        return sy_fail(err, SY_E_PROOF, "size", "the request is for another length of the log");
    }
    SY_TRY(ledger_root(w->ledger, ledger_size(w->ledger), root));
    return memcmp(root, a->root, sizeof(root)) == 0
               ? SY_OK
               : sy_fail(err, SY_E_PROOF, "root", "the request is for another history");
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
        return warden_request_refused(&d.verdict,
                                      err); /* a standby records nothing, refusals included */
    }
    SY_TRY(vault_epoch_reach(w->vault, a->epoch));
    SY_TRY(vault_seat_set(w->vault, w->seat)); /* says nothing as long as the entry is not there */
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
    sy_status s = warden_request_read(w, REQUEST, "domain.promote", &sy_promote_desc, arena, ret,
                                      ret_args, err);
    if (s.code != SY_E_NOT_FOUND) {
        return s;
    }
    return sy_fail(err, SY_E_STATE, SEAT_FILE,
                   warden_is_standby(w)
                       ? "this is a standby: it serves nothing before it is promoted (shuyu "
                         "domain promote)"
                       : "another folder was promoted and leads this domain now");
}

/* A copy of the folder whose file `standby` is gone, or is the leader's, would lead by the log alone. Which of both lacks
 * the record can't be told: what to do is said for each. */
sy_status warden_leads_by_keys(const struct warden *w, struct sy_error *reterr)
{
    uint8_t seat[SEAT_BYTES];
    sy_status s = vault_seat(w->vault, seat);
    if (s.code == SY_E_NOT_FOUND || (sy_ok(s) && memcmp(seat, w->seat, sizeof(seat)) != 0)) {
        return sy_fail(
            reterr, SY_E_STATE, "keys/store/seat.key",
            warden_is_standby(w)
                ? "the key store does not say that this folder leads, as the log does: if this is "
                  "the folder that was promoted, put the file back from the backup of its keys"
                : "the key store does not say that this folder leads: the domain's own folder "
                  "needs the file back from the backup of its keys; a copy needs its file "
                  "`standby` back, "
                  "and to be promoted (shuyu domain promote)");
    }
    return sy_ok(s) ? s : sy_fail(reterr, s.code, "keys/store/seat.key", NULL);
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
    SY_TRY(warden_leads_by_keys(w, reterr));
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
    /* Of a log closed since then the next one's first entry tells, which only a leader wrote. */
    const uint64_t since = w->promotion > w->base ? w->promotion : w->base;
    return w->promotion > 0 && warden_witness_asked(w) && !warden_witness_covers(w, since);
}

/* --- asking for it ------------------------------------------------------------------------------------- */

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
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(FILE_MAX);
    struct sy_promote a = {.epoch = e.number + 1, .size = warden_log_size(w)};
    memcpy(a.seat, w->seat, sizeof(a.seat));
    SY_TRY(ledger_root(w->ledger, ledger_size(w->ledger), a.root));
    SY_TRY(sy_record_encode(&sy_promote_desc, &a, &args));
    return warden_request_write(w, REQUEST, "domain.promote", g.agency.party, sy_buf_view(&args),
                                err);
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
    warden_logs_close(&w);
    vault_close(w.vault);
    rules_state_free(w.state);
    return s;
}
