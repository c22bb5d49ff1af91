/*
 * What: all logs of a domain, open at once: the one in use, and the closed ones, which are only read. Invariants:
 * bases follow from sizes; a closed log is never written to; nothing is believed of a pointer but the key's
 * place in the vault, before warden_logs_check has compared each boundary.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "rules/shard.h"
#include "shards.h"
#include "warden/log_key.h"
#include "warden/promote.h"
#include "warden/record.h"

#define POINTER_FIRST "shuyu-next@v1\n"

enum { POINTER_MAX = 4096, PLACE_MAX = 64 };

/* --- finding ------------------------------------------------------------------------------------------- */

uint64_t warden_log_size(const struct warden *w)
{
    return w->base + ledger_size(w->ledger);
}

uint64_t warden_log_next(const struct warden *w)
{
    return warden_log_size(w) + ledger_pending(w->ledger);
}

struct ledger *warden_log_at(const struct warden *w, uint64_t index, uint64_t *ret_place)
{
    size_t i = w->closed.n;
    if (index >= w->base) {
        *ret_place = index - w->base;
        return w->ledger;
    }
    while (i > 1 && index < w->closed.base[i - 1]) {
        i--;
    }
    *ret_place = index - w->closed.base[i - 1];
    return w->closed.ledger[i - 1];
}

sy_status warden_log_root(const struct warden *w, uint64_t size, uint8_t ret[32])
{
    uint64_t place = 0;
    const struct ledger *l = warden_log_at(w, size - 1, &place);
    return ledger_root(l, place + 1, ret);
}

sy_status warden_log_receipt(const struct warden *w, uint64_t index, struct sy_buf *b)
{
    uint64_t place = 0;
    const struct ledger *l = warden_log_at(w, index, &place);
    return ledger_receipt(l, place, b);
}

/* --- opening ------------------------------------------------------------------------------------------- */

/* A folder below dir, made when it may be. A crash may have kept the name of one that is there from the disk: it is
 * made sure of again. */
static sy_status folder(int dir, const char *path, mode_t mode, bool make, int *ret,
                        struct sy_error *err)
{
    const bool made = make && mkdirat(dir, path, mode) == 0;
    if ((made && fchmodat(dir, path, mode, 0) != 0) || /* whatever the umask */
        (make && fsync(dir) != 0)) {
        return sy_fail_errno(err, errno, "make a log's folder");
    }
    *ret = openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret >= 0) {
        return SY_OK;
    }
    return errno == ENOENT ? sy_fail(err, SY_E_NOT_FOUND, path, "there is no such log")
                           : sy_fail_errno(err, errno, "open a log's folder");
}

/* Log number `shard` of the domain: its folder, and that for its public files (-1: in the folder). */
static sy_status folders(const struct warden *w, size_t shard, bool make, int *ret_dir,
                         int *ret_public, struct sy_error *err)
{
    char name[PLACE_MAX];
    SY_FD_CLEANUP int ledger = -1, logs = -1, public_dir = -1, public_logs = -1;
    SY_TRY(folder(w->dir, "ledger", 0700, false, &ledger, err));
    if (shard == 1) {
        *ret_dir = ledger;
        ledger = -1;
        return SY_OK;
    }
    (void)snprintf(name, sizeof(name), "%zu", shard);
    SY_TRY(folder(ledger, "log", 0700, make, &logs, err));
    SY_TRY(folder(logs, name, 0700, make, ret_dir, err));
    SY_TRY(folder(ledger, "public", 0755, true, &public_dir, err));
    SY_TRY(folder(public_dir, "log", 0755, true, &public_logs, err));
    return folder(public_logs, name, 0755, true, ret_public, err);
}

/* Log number `shard`, of this name, whose first key is the first-th of the vault. */
static sy_status open_log(struct warden *w, size_t shard, struct sy_view name, uint64_t first,
                          bool make, struct ledger **ret, struct sy_error *err)
{
    SY_FD_CLEANUP int dir = -1, public_dir = -1;
    struct ledger_key known[LEDGER_KEYS_MAX];
    size_t n = 0;
    SY_TRY(folders(w, shard, make, &dir, &public_dir, err));
    SY_TRY(warden_log_known(w->vault, name, first, known, &n, err));
    struct ledger_options options = {.log = &known[0].vkey,
                                     .secret = known[0].secret,
                                     .create = make,
                                     .others = known + 1,
                                     .n_others = n - 1,
                                     .public_dir = shard == 1 ? NULL : &public_dir};
    return ledger_open(dir, &options, ret, err);
}

/* The place in the vault of a log's first key. SY_E_TAMPERED. */
static sy_status number_of(const struct warden *w, const struct proof_vkey *key, uint64_t *ret,
                           struct sy_error *err)
{
    const struct vault_sign_key *keys;
    const size_t n = vault_log_keys(w->vault, &keys);
    for (size_t i = 0; i < n; i++) {
        if (memcmp(keys[i].pub, key->key, sizeof(key->key)) == 0) {
            *ret = i + 1;
            return SY_OK;
        }
    }
    return sy_fail(err, SY_E_TAMPERED, "keys", "the key store does not have the next log's key");
}

sy_status warden_logs_next(struct warden *w, struct sy_view vkey, bool make,
                           struct sy_error *reterr)
{
    struct warden_closed *c = &w->closed;
    struct ledger *next = NULL;
    struct proof_vkey key;
    uint64_t first = 0;
    SY_TRY(proof_vkey_parse(vkey, &key, reterr));
    SY_TRY(number_of(w, &key, &first, reterr));
    if (c->n == WARDEN_SHARDS_MAX) {
        return sy_fail(reterr, SY_E_LIMIT, "log", "the domain has as many logs as it can");
    }
    SY_TRY(open_log(w, c->n + 2, sy_view_str(key.name), first, make, &next, reterr));
    c->ledger[c->n] = w->ledger;
    c->base[c->n++] = w->base;
    w->base += ledger_size(w->ledger);
    w->ledger = next;
    w->snapshots.last = 0;
    return SY_OK;
}

/* --- pointers ------------------------------------------------------------------------------------------ */

static sy_status public_of(const struct warden *w, size_t shard, int *ret, struct sy_error *err)
{
    char path[PLACE_MAX] = "ledger/public";
    if (shard > 1) {
        (void)snprintf(path, sizeof(path), "ledger/public/log/%zu", shard);
    }
    return folder(w->dir, path, 0755, false, ret, err);
}

/* Where the log in use is said to go on; false: it is not said. */
static bool read_pointer(const struct warden *w, struct sy_buf *b, struct sy_view *ret_vkey)
{
    SY_FD_CLEANUP int dir = -1;
    const size_t skip = sizeof(POINTER_FIRST) - 1;
    if (!sy_ok(public_of(w, w->closed.n + 1, &dir, NULL)) ||
        !sy_ok(sy_read_file_at(dir, "next", b)) ||
        !sy_view_starts(sy_buf_view(b), sy_view_str(POINTER_FIRST))) {
        return false;
    }
    const uint8_t *end = memchr(b->p + skip, '\n', b->n - skip);
    *ret_vkey =
        end == NULL ? (struct sy_view){0} : sy_view(b->p + skip, (size_t)(end - b->p) - skip);
    return end != NULL;
}

/* The key that the last entry of the i-th closed log names. */
static sy_status closed_by(struct warden *w, size_t i, struct sy_arena *arena,
                           struct sy_log_close *ret, struct sy_error *err)
{
    const uint64_t next = i + 1 < w->closed.n ? w->closed.base[i + 1] : w->base;
    struct sy_event event;
    SY_TRY(warden_entry_event(w, next - 1, arena, &event, err));
    if (!sy_view_is(event.type, "close")) {
        return sy_fail(err, SY_E_TAMPERED, "ledger", "a log that another follows is not closed");
    }
    return sy_record_decode(&sy_log_close_desc, event.request.args, &SY_MP_REQUEST, arena, ret,
                            err);
}

static sy_status write_pointer(struct warden *w, size_t i, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(POINTER_MAX), there = sy_buf(POINTER_MAX);
    SY_FD_CLEANUP int dir = -1;
    struct sy_log_close a;
    SY_TRY(closed_by(w, i, &arena, &a, err));
    SY_TRY(public_of(w, i + 1, &dir, err));
    SY_TRY(sy_buf_printf(&text, POINTER_FIRST "%.*s\n/log/%zu/\n", SY_PV(a.log), i + 2));
    bool same = sy_ok(sy_read_file_at(dir, "next", &there)) &&
                sy_view_eq(sy_buf_view(&there), sy_buf_view(&text));
    return same ? SY_OK : sy_replace_file_at(dir, "next", sy_buf_view(&text), 0644);
}

sy_status warden_logs_point(struct warden *w, struct sy_error *reterr)
{
    for (size_t i = 0; i < w->closed.n; i++) {
        SY_TRY(
            write_pointer(w, i, reterr)); /* first: who copies the close must see that it is one */
        SY_TRY(ledger_publish(w->closed.ledger[i], reterr));
    }
    return SY_OK;
}

/* --- at start ------------------------------------------------------------------------------------------ */

sy_status warden_logs_go_on(struct warden *w, bool *ret, struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_row_log row;
    *ret = false;
    if (warden_log_size(w) == 0) {
        return SY_OK;
    }
    SY_TRY(rules_log_read(w->state, &arena, &row, reterr));
    if (!rules_log_closed(&row) || row.entry < w->base) {
        return SY_OK; /* it goes on; or the next one is open already, and empty */
    }
    sy_status s = warden_logs_next(w, row.next, false, reterr);
    *ret = sy_ok(s);
    return s.code == SY_E_NOT_FOUND ? SY_OK : s;
}

/* The log after the i-th closed one says of it what is so. */
static sy_status check_boundary(struct warden *w, size_t i, struct sy_error *err)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    const uint64_t next = i + 1 < w->closed.n ? w->closed.base[i + 1] : w->base;
    const struct ledger *l = w->closed.ledger[i];
    uint8_t root[32];
    struct sy_log_close closed;
    struct sy_log_open open;
    struct sy_event event;
    SY_TRY(closed_by(w, i, &arena, &closed, err));
    if (next >= warden_log_size(w)) {
        return SY_OK; /* not begun: the state says how */
    }
    SY_TRY(warden_entry_event(w, next, &arena, &event, err));
    SY_TRY(sy_record_decode(&sy_log_open_desc, event.request.args, &SY_MP_REQUEST, &arena, &open,
                            err));
    SY_TRY(ledger_root(l, ledger_size(l), root));
    return sy_view_is(event.type, "open") && open.size == ledger_size(l) &&
                   memcmp(open.root, root, sizeof(root)) == 0
               ? SY_OK
               : sy_fail(err, SY_E_TAMPERED, "ledger", "a log does not go on from the one before");
}

static sy_status check_boundaries(struct warden *w, struct sy_error *err)
{
    for (size_t i = 0; i < w->closed.n; i++) {
        SY_TRY(check_boundary(w, i, err));
    }
    return SY_OK;
}

sy_status warden_logs_open(struct warden *w, struct sy_view name, struct sy_error *reterr)
{
    bool more = true;
    SY_TRY(open_log(w, 1, name, 1, !warden_is_standby(w), &w->ledger, reterr));
    while (more) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(POINTER_MAX);
        struct sy_view vkey;
        sy_status s = read_pointer(w, &b, &vkey) ? warden_logs_next(w, vkey, false, reterr)
                                                 : sy_status_of(SY_E_NOT_FOUND);
        more = sy_ok(s);
        if (!more && s.code != SY_E_NOT_FOUND) {
            return s;
        }
    }
    return check_boundaries(w, reterr); /* before anything is folded that a pointer led past */
}

sy_status warden_logs_check(struct warden *w, struct sy_error *reterr)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_row_log row;
    SY_TRY(check_boundaries(w, reterr));
    if (warden_log_size(w) == 0) {
        return SY_OK;
    }
    SY_TRY(rules_log_read(w->state, &arena, &row, reterr));
    bool begun = ledger_size(w->ledger) > 0;
    return !begun || row.base == w->base
               ? SY_OK
               : sy_fail(reterr, SY_E_TAMPERED, "ledger",
                         "the state is of another log than the one in use");
}

void warden_logs_close(struct warden *w)
{
    for (size_t i = 0; i < w->closed.n; i++) {
        ledger_close(w->closed.ledger[i]);
    }
    w->closed.n = 0;
    ledger_close(w->ledger);
    w->ledger = NULL;
}
