/*
 * What: closing the log, and beginning the next. Order: the next log's key is durable in the vault; the close is an
 * entry, durable, signed by the key that it ends; the next log is made, empty; its first entry is durable;
 * the key store notes it; the closed log points on; the request goes. A crash after any of them is ended by
 * the next start. Invariants: no entry but the first of the next log comes after a close; there is one next log:
 * the key store remembers that it was begun.
 */
#include "warden/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "proof/handover.h"
#include "request.h"
#include "rules/epoch.h"
#include "rules/shard.h"
#include "shards.h"
#include "warden/domain.h"
#include "warden/log_key.h"
#include "warden/promote.h"
#include "warden/record.h"
#include "wire/staff.h"

#define REQUEST "close.req"

enum { FILE_MAX = 1 << 16 };

/* By the log, and by the key store's record of it, which is in no copy: before anything is made or signed here. */
static sy_status leads(const struct warden *w, struct sy_error *err)
{
    struct rules_epoch e;
    SY_TRY(rules_epoch_read(w->state, &e, err));
    return memcmp(e.seat, w->seat, sizeof(w->seat)) == 0
               ? warden_leads_by_keys(w, err)
               : sy_fail(err, SY_E_STATE, "log", "this folder does not lead: its log is another's");
}

/* --- the next log -------------------------------------------------------------------------------------- */

static sy_status fill_open(const struct warden *w, const struct sy_row_log *row,
                           struct sy_log_open *ret, struct sy_error *err)
{
    const struct ledger *closed = w->closed.ledger[w->closed.n - 1];
    *ret = (struct sy_log_open){
        .checkpoint = ledger_checkpoint(closed), .log = row->key, .size = ledger_size(closed)};
    memcpy(ret->state, rules_state_digest(w->state), sizeof(ret->state));
    SY_TRY(rules_state_sum(w->state, ret->snapshot, err));
    return ledger_root(closed, ret->size, ret->root);
}

/* Durable, and noted apart from it, before anything is served: from here on an older folder is found out. */
static sy_status settle(struct warden *w, struct sy_error *err)
{
    SY_TRY(ledger_commit(w->ledger, err));
    w->appended = false;
    warden_note(w);
    return w->failed ? sy_fail(err, SY_E_READ_ONLY, "keys", "the key store did not note the log")
                     : SY_OK;
}

static sy_status begin(struct warden *w, const struct sy_row_log *row, struct sy_error *err)
{
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(FILE_MAX);
    struct sy_inputs in = {0};
    struct sy_log_open a;
    uint64_t entry = 0;
    SY_TRY(leads(w, err));
    if (row->entry >= w->base) {
        SY_TRY(warden_logs_next(w, row->next, true, err));
    }
    SY_TRY(fill_open(w, row, &a, err));
    SY_TRY(sy_record_encode(&sy_log_open_desc, &a, &args));
    SY_TRY(warden_act(w, "log.open", NULL, sy_buf_view(&args), &in, &entry, err));
    SY_TRY(settle(w, err));
    sy_log(SY_LOG_WARN, "the log goes on as another", SY_LOGF_N("entry", entry));
    return SY_OK;
}

sy_status warden_shard_resume(struct warden *w, struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_row_log row;
    SY_TRY(rules_log_read(w->state, &arena, &row, reterr));
    if (rules_log_closed(&row)) {
        SY_TRY(begin(w, &row, reterr));
    }
    return warden_logs_point(w, reterr);
}

/* --- closing ------------------------------------------------------------------------------------------- */

/* BOUNDARY: the rules have the size; that the history is the one which the two signed for is seen here. */
static sy_status root_check(const struct warden *w, const struct sy_log_close *a,
                            struct sy_error *err)
{
    uint8_t root[32];
    if (a->size != ledger_size(w->ledger)) {
        return sy_fail(err, SY_E_PROOF, "size",
                       "close.req is for another length of the log: ask again, or remove it");
    }
    SY_TRY(ledger_root(w->ledger, a->size, root));
    return memcmp(root, a->root, sizeof(root)) == 0
               ? SY_OK
               : sy_fail(err, SY_E_PROOF, "root", "close.req is for another history");
}

/* Behind a close the log goes on with this key or not at all: a key store that was put back since it was asked for
 * does not have it. */
static sy_status next_key_check(const struct warden *w, const struct sy_log_close *a,
                                struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    const struct vault_sign_key *keys;
    const size_t n = vault_log_keys(w->vault, &keys);
    struct sy_row_log row;
    struct proof_vkey next;
    SY_TRY(rules_log_read(w->state, &arena, &row, err));
    SY_TRY(proof_vkey_parse(a->log, &next, err));
    const bool there = row.number < n && keys[row.number].secret != NULL &&
                       memcmp(keys[row.number].pub, next.key, sizeof(next.key)) == 0;
    return there ? SY_OK
                 : sy_fail(err, SY_E_FIELD, "log",
                           "the key store does not have the key that close.req names: ask again "
                           "(shuyu log shard), or remove it");
}

static sy_status close_log(struct warden *w, const struct rules_request *r,
                           const struct sy_log_close *a, const struct rules_decision *d,
                           const struct sy_inputs *in, struct sy_error *err)
{
    uint64_t entry = 0;
    SY_TRY(root_check(w, a, err));
    SY_TRY(next_key_check(w, a, err));
    SY_TRY(warden_record(w, r, in, d, &entry, err));
    SY_TRY(settle(w, err));
    sy_log(SY_LOG_WARN, "the log was closed", SY_LOGF_N("entry", entry));
    SY_TRY(warden_shard_resume(w, err));
    return warden_log_open(w, err);
}

/* What was carried out before a crash is an entry under this very nonce. */
static sy_status carry_out(struct warden *w, const struct rules_request *r,
                           const struct sy_log_close *a, struct sy_arena *arena,
                           struct sy_error *err)
{
    struct sy_inputs in = {.time = warden_time(w)};
    struct rules_decision d = {0};
    SY_TRY(rules_decide(w->state, r, &in, arena, &d, err));
    if (d.kind == RULES_KIND_RECORDED) {
        return SY_OK;
    }
    if (d.kind != RULES_KIND_EVENT || d.verdict.code != 0) {
        return warden_request_refused(&d.verdict, err);
    }
    return close_log(w, r, a, &d, &in, err);
}

sy_status warden_shard_request(struct warden *w, struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct rules_request r;
    struct sy_log_close a;
    sy_status s =
        warden_request_read(w, REQUEST, "log.close", &sy_log_close_desc, &arena, &r, &a, reterr);
    if (s.code == SY_E_NOT_FOUND) {
        return SY_OK;
    }
    SY_TRY(s);
    SY_TRY(carry_out(w, &r, &a, &arena, reterr));
    return unlinkat(w->dir, REQUEST, 0) == 0 ? SY_OK
                                             : sy_fail_errno(reterr, errno, "remove close.req");
}

/* --- asking for it ------------------------------------------------------------------------------------- */

/* The agency's changes of its own key: entries in order. */
struct links {
    uint64_t entry[PROOF_AGENCY_LINKS_MAX];
    size_t n;
};

static int ascending(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static sy_status find_links(const struct warden *w, struct sy_view agency, struct links *ret,
                            struct sy_error *err)
{
    struct sy_view prefix = sy_view_str("key/"), key = {0}, value;
    while (rules_state_next(w->state, prefix, key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_held_key row;
        SY_TRY(sy_record_decode(&sy_held_key_desc, value, &SY_MP_LARGE, &arena, &row, err));
        if (sy_view_eq(row.party, agency) && row.staff.n == 0 && sy_view_is(row.use, "sign") &&
            ret->n < PROOF_AGENCY_LINKS_MAX) {
            ret->entry[ret->n++] = row.entry;
        }
    }
    qsort(ret->entry, ret->n, sizeof(ret->entry[0]), ascending);
    return SY_OK;
}

/* What leads from genesis's key to the agency's of now, as it was logged. */
static sy_status fill_agency(struct warden *w, struct sy_view agency, struct sy_arena *arena,
                             struct sy_log_close *a, struct sy_error *err)
{
    struct links links = {.n = 0};
    SY_TRY(find_links(w, agency, &links, err));
    a->agency = sy_arena_alloc(arena, links.n + 1, sizeof(*a->agency));
    if (a->agency == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (; a->n_agency < links.n; a->n_agency++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
        struct sy_event event;
        SY_TRY(warden_entry_event(w, links.entry[a->n_agency], arena, &event, err));
        SY_TRY(sy_record_encode(&sy_logged_request_desc, &event.request, &b));
        a->agency[a->n_agency] = sy_arena_copy(arena, sy_buf_view(&b));
    }
    return SY_OK;
}

/* The vkey of the next log: its name, and the key that the vault has for it, made now unless it is there. */
static sy_status next_vkey(struct warden *w, const char *origin, char ret[WARDEN_VKEY_MAX],
                           struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(WARDEN_VKEY_MAX - 1);
    struct sy_row_log row;
    struct proof_vkey key;
    const uint8_t *pub = NULL;
    uint8_t none[32] = {0};
    SY_TRY(rules_log_read(w->state, &arena, &row, err));
    if (!sy_view_is(row.stage, "single")) {
        return sy_fail(err, SY_E_STATE, "stage",
                       "another key is on its way: finish that first (shuyu log rotate)");
    }
    if (!sy_ok(proof_vkey_make(sy_view_str(origin), PROOF_SIG_ED25519, none, &key))) {
        return sy_fail(err, SY_E_FIELD, "origin", "not a name of a log: no space, no '+'");
    }
    SY_TRY(warden_log_next_key(w, row.number, &pub, err));
    SY_TRY(proof_vkey_make(sy_view_str(origin), PROOF_SIG_ED25519, pub, &key));
    SY_TRY(proof_vkey_format(&key, &text));
    sy_view_to_cstr(sy_buf_view(&text), ret, WARDEN_VKEY_MAX);
    return SY_OK;
}

static sy_status ask(struct warden *w, const char *origin, char ret_vkey[WARDEN_VKEY_MAX],
                     struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf args = sy_buf(FILE_MAX);
    struct sy_genesis g;
    struct sy_row_domain domain;
    SY_TRY(warden_domain_fold(w, err));
    if (warden_log_size(w) == 0) {
        return sy_fail(err, SY_E_STATE, "domain", "this domain was never started");
    }
    SY_TRY(leads(w, err));
    SY_TRY(rules_state_read(w->state, sy_view_str("genesis"), &sy_genesis_desc, &arena, &g, err));
    SY_TRY(rules_state_read(w->state, sy_view_str("domain"), &sy_row_domain_desc, &arena, &domain,
                            err));
    memcpy(w->domain, domain.id, sizeof(w->domain));
    SY_TRY(next_vkey(w, origin, ret_vkey, err));
    struct sy_log_close a = {.log = sy_view_str(ret_vkey), .size = ledger_size(w->ledger)};
    SY_TRY(ledger_root(w->ledger, a.size, a.root));
    SY_TRY(fill_agency(w, g.agency.party, &arena, &a, err));
    SY_TRY(sy_record_encode(&sy_log_close_desc, &a, &args));
    return warden_request_write(w, REQUEST, "log.close", g.agency.party, sy_buf_view(&args), err);
}

/* Opening ends what a crash left undone: not while anybody works here. */
static sy_status lock(struct warden *w, int *ret_fd, struct sy_error *err)
{
    SY_TRY(warden_seat_read(w, err));
    *ret_fd = openat(w->dir, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_fd < 0) {
        return sy_fail_errno(err, errno, "open the run folder");
    }
    return flock(*ret_fd, LOCK_EX | LOCK_NB) == 0
               ? SY_OK
               : sy_fail(err, SY_E_BUSY, "run", "a domain or a copier runs in this folder");
}

sy_status warden_shard_ask(int dir, const char *origin, char ret_vkey[WARDEN_VKEY_MAX],
                           struct sy_error *reterr)
{
    static struct warden w;
    SY_FD_CLEANUP int run = -1; /* the lock goes with it */
    w = (struct warden){.dir = dir, .zygote = -1, .listener = -1, .control = -1};
    sy_status s = lock(&w, &run, reterr);
    s = sy_ok(s) ? ask(&w, origin, ret_vkey, reterr) : s;
    warden_logs_close(&w);
    vault_close(w.vault);
    rules_state_free(w.state);
    return s;
}
