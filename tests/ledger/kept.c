/* Rows follow from the root of the tree that they are kept for; the state's digest is that root. */
#include "kept.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "ledger/snapshot.h"

enum { ROWS_MAX = 60000, PIECE = 20000 };

/* How many bytes of `rows`. */
static size_t make_rows(const uint8_t root[PROOF_HASH_BYTES], uint8_t rows[ROWS_MAX])
{
    randombytes_buf_deterministic(rows, ROWS_MAX, root);
    return 1 + (size_t)root[0] * (ROWS_MAX / 256);
}

static sy_status write_rows(struct ledger_snapshot *s, const uint8_t root[PROOF_HASH_BYTES])
{
    static uint8_t rows[ROWS_MAX]; /* its own: what survives a cut is judged between two writes */
    size_t n = make_rows(root, rows);
    for (size_t at = 0; at < n; at += PIECE) {
        SY_TRY(ledger_snapshot_add(s, sy_view(rows + at, n - at < PIECE ? n - at : PIECE)));
    }
    return ledger_snapshot_sync(s);
}

sy_status kept_make(struct ledger *l)
{
    struct ledger_snapshot *s = NULL;
    uint8_t root[PROOF_HASH_BYTES];
    SY_TRY(ledger_snapshot_begin(l, &s, NULL));
    sy_status st = ledger_root(l, ledger_snapshot_size(s), root);
    if (sy_ok(st)) {
        st = write_rows(s, root);
    }
    sy_status made = ledger_snapshot_sign(l, s, root, NULL);
    return sy_ok(st) ? made : st;
}

static bool same_rows(struct ledger *l, const struct proof_snapshot *s)
{
    static uint8_t rows[ROWS_MAX];
    struct ledger_rows *r = NULL;
    struct sy_view got;
    size_t n = make_rows(s->root, rows);
    if (!sy_ok(ledger_rows_open(l, s, &r, NULL))) {
        return false;
    }
    bool same = sy_ok(ledger_rows_take(r, n, &got)) && memcmp(got.p, rows, n) == 0;
    return sy_ok(ledger_rows_close(r, NULL)) && same;
}

bool kept_holds(struct ledger *l, char why[HISTORY_WHY_MAX], unsigned *ret_n)
{
    struct proof_snapshot s;
    unsigned n = 0;
    for (uint64_t below = UINT64_MAX; ledger_snapshot_next(l, below, &s); below = s.size) {
        n++;
        if (memcmp(s.state, s.root, sizeof(s.root)) != 0 || !same_rows(l, &s)) {
            (void)snprintf(why, HISTORY_WHY_MAX, "a signed snapshot is not whole (%" PRIu64 ")",
                           s.size);
            return false;
        }
    }
    if (ret_n != NULL) {
        *ret_n = n;
    }
    return true;
}

bool kept_reread(struct ledger *l, char why[HISTORY_WHY_MAX], uint64_t *ret_n)
{
    struct sy_error err = {0};
    if (ret_n != NULL) {
        *ret_n = ledger_unread(l);
    }
    while (ledger_unread(l) > 0) {
        sy_status s = ledger_reread(l, &err);
        if (!sy_ok(s)) {
            (void)snprintf(why, HISTORY_WHY_MAX, "what was skipped: %s %.120s",
                           sy_code_name(s.code), err.reason);
            return false;
        }
    }
    return true;
}
