/* Shared by the tests of snapshots: making one whose rows follow from its size, and what to damage. */
#ifndef LEDGER_TEST_SNAPSHOT_KIT_H
#define LEDGER_TEST_SNAPSHOT_KIT_H

#include "test_fixture.h"

#include "base/arith.h"
#include "ledger/snapshot.h"

enum { ROWS_BYTES = 30000 };

/* The rows and the digest of a snapshot of so many entries. */
static inline void make_rows(uint64_t size, uint8_t rows[ROWS_BYTES], uint8_t state[32])
{
    uint8_t seed[randombytes_SEEDBYTES] = {(uint8_t)size, (uint8_t)(size >> 8), 7};
    randombytes_buf_deterministic(rows, ROWS_BYTES, seed);
    memset(state, (int)(size & 0x7F), 32);
}

static inline sy_status try_snapshot(struct sy_error *err)
{
    struct ledger_snapshot *s = NULL;
    uint8_t rows[ROWS_BYTES], state[32];
    SY_TRY(ledger_snapshot_begin(F.l, &s, err));
    make_rows(ledger_snapshot_size(s), rows, state);
    sy_status st = ledger_snapshot_add(s, sy_view(rows, 1000));
    if (sy_ok(st)) {
        st = ledger_snapshot_add(s, sy_view(rows + 1000, ROWS_BYTES - 1000));
    }
    if (sy_ok(st)) {
        st = ledger_snapshot_sync(s);
    }
    sy_status made = ledger_snapshot_sign(F.l, s, state, err);
    assert_true(sy_ok(st) || made.code == st.code); /* what went wrong is not forgotten */
    return made;
}

static inline void snapshot(void)
{
    check_ok(try_snapshot(NULL));
}

/* Read a snapshot's rows, in pieces of odd sizes, and compare. */
static inline sy_status try_rows(const struct proof_snapshot *s)
{
    struct ledger_rows *r = NULL;
    struct sy_view v;
    uint8_t rows[ROWS_BYTES], state[32], got[ROWS_BYTES];
    make_rows(s->size, rows, state);
    SY_TRY(ledger_rows_open(F.l, s, &r, NULL));
    sy_status st = SY_OK;
    for (size_t at = 0; sy_ok(st) && at < ROWS_BYTES; at += v.n) {
        size_t n = sy_min_u64(ROWS_BYTES - at, 1 + at % 4099);
        st = ledger_rows_take(r, n, &v);
        v.n = n;
        if (sy_ok(st)) {
            memcpy(got + at, v.p, n);
        }
    }
    sy_status closed = ledger_rows_close(r, NULL);
    SY_TRY(st);
    SY_TRY(closed);
    assert_memory_equal(got, rows, ROWS_BYTES);
    assert_memory_equal(s->state, state, sizeof(s->state));
    return SY_OK;
}

static inline void flip(const char *name, size_t at)
{
    static uint8_t p[1 << 20];
    size_t n = read_file(name, p, sizeof(p));
    assert_true(at < n);
    p[at] ^= 1;
    write_file(name, p, n);
}

static inline void reopen(void)
{
    close_ledger();
    check_ok(open_ledger(true, NULL));
}

/* The newest snapshot that counts; 0 = none. */
static inline uint64_t newest(void)
{
    struct proof_snapshot s = {0};
    return ledger_snapshot_next(F.l, UINT64_MAX, &s) ? s.size : 0;
}

#endif
