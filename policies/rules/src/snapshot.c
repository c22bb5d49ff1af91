/*
 * Snapshots: the map as one canonical map. Invariant: what is read here writes the same bytes again, so a
 * state has one snapshot.
 */
#include "rules/snapshot.h"

#include "base/buf.h"
#include "wire/event.h"
#include "wire/mp.h"

enum {
    CHUNK_BYTES = 1 << 20,
    ROW_BYTES = RULES_KEY_MAX + RULES_VALUE_MAX + 16,
    ROW_HEADS = 7,     /* bytes of a row's two headers, at most */
    FRAME_BYTES = 128, /* of everything but rows, at most */
    DIGEST_BYTES = 32,
};

/* --- writing ----------------------------------------------------------------------------------- */

struct writing {
    rules_snapshot_sink sink;
    void *ctx;
    struct sy_buf b;
};

static sy_status flush(struct writing *w)
{
    sy_status s = w->b.n == 0 ? SY_OK : w->sink(w->ctx, sy_buf_view(&w->b));
    sy_buf_clear(&w->b);
    return s;
}

static sy_status write_row(struct writing *w, struct sy_view key, struct sy_view value)
{
    if (w->b.n >= CHUNK_BYTES) {
        SY_TRY(flush(w));
    }
    sy_status s = sy_mp_put_str(&w->b, key);
    if (s.code == SY_E_NOT_CANONICAL) {
        return sy_status_of(SY_E_INTERNAL);
    }
    return sy_ok(s) ? sy_mp_put_bin(&w->b, value) : s;
}

static sy_status write_all(struct writing *w, const struct rules_state *s)
{
    struct sy_view key = {0};
    struct sy_view value;
    SY_TRY(sy_mp_put_map(&w->b, 3));
    SY_TRY(sy_mp_put_str(&w->b, sy_view_str("digest")));
    SY_TRY(sy_mp_put_bin(&w->b, sy_view(rules_state_digest(s), DIGEST_BYTES)));
    SY_TRY(sy_mp_put_str(&w->b, sy_view_str("rows")));
    SY_TRY(sy_mp_put_map(&w->b, rules_state_n_rows(s)));
    while (rules_state_next(s, (struct sy_view){0}, key, &key, &value)) {
        SY_TRY(write_row(w, key, value));
    }
    SY_TRY(sy_mp_put_str(&w->b, sy_view_str("rules")));
    SY_TRY(sy_mp_put_u64(&w->b, SY_RULES_VERSION));
    return flush(w);
}

sy_status rules_snapshot_write(const struct rules_state *s, rules_snapshot_sink sink, void *ctx)
{
    struct writing w = {sink, ctx, sy_buf(CHUNK_BYTES + ROW_BYTES + FRAME_BYTES)};
    sy_status st = write_all(&w, s);
    sy_buf_deinit(&w.b);
    return st;
}

uint64_t rules_snapshot_bytes(const struct rules_state *s)
{
    return rules_state_n_bytes(s) + ROW_HEADS * (uint64_t)rules_state_n_rows(s) + FRAME_BYTES;
}

/* --- reading ----------------------------------------------------------------------------------- */

struct reading {
    rules_snapshot_source next;
    void *ctx;
    struct rules_state *state;
    struct sy_error *err;
    uint8_t last[RULES_KEY_MAX]; /* key */
    size_t n_last;
};

static sy_status spoilt(struct reading *r)
{
    return sy_fail(r->err, SY_E_TAMPERED, "rows", "the rows are not a snapshot of ours");
}

static sy_status take(struct reading *r, size_t n, struct sy_view *ret)
{
    sy_status s = r->next(r->ctx, n, ret);
    return s.code == SY_E_TAMPERED ? spoilt(r) : s;
}

/* What must come next, to the byte. */
static sy_status expect(struct reading *r, struct sy_view bytes, bool *ret_same)
{
    struct sy_view got;
    SY_TRY(take(r, bytes.n, &got));
    *ret_same = sy_view_eq(got, bytes);
    return SY_OK;
}

static sy_status expect_str(struct reading *r, const char *text)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FRAME_BYTES);
    bool same = false;
    SY_TRY(sy_mp_put_str(&b, sy_view_str(text)));
    SY_TRY(expect(r, sy_buf_view(&b), &same));
    return same ? SY_OK : spoilt(r);
}

/* The headers that rows need. A length that a smaller form can hold is not canonical. */
enum kind { STR, BIN, MAP };
struct form {
    enum kind kind;
    uint8_t first, mask; /* of the first byte; what the mask leaves is the length itself */
    uint8_t n_bytes;     /* big-endian length after it */
    uint64_t least;
};
static const struct form FORMS[] = {
    {STR, 0xA0, 0xE0, 0, 0},   {STR, 0xD9, 0xFF, 1, 32},       {BIN, 0xC4, 0xFF, 1, 0},
    {BIN, 0xC5, 0xFF, 2, 256}, {BIN, 0xC6, 0xFF, 4, 1U << 16}, {MAP, 0x80, 0xF0, 0, 0},
    {MAP, 0xDE, 0xFF, 2, 16},  {MAP, 0xDF, 0xFF, 4, 1U << 16},
};

static const struct form *form_of(enum kind kind, uint8_t first)
{
    for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
        if (FORMS[i].kind == kind && (first & FORMS[i].mask) == FORMS[i].first) {
            return &FORMS[i];
        }
    }
    return NULL;
}

static sy_status take_header(struct reading *r, enum kind kind, uint64_t *ret)
{
    struct sy_view v;
    SY_TRY(take(r, 1, &v));
    uint8_t first = v.p[0];
    const struct form *f = form_of(kind, first);
    if (f == NULL) {
        return spoilt(r);
    }
    uint64_t n = first & (uint8_t)~f->mask;
    if (f->n_bytes > 0) {
        SY_TRY(take(r, f->n_bytes, &v));
        for (size_t i = 0; i < v.n; i++) {
            n = n << 8 | v.p[i];
        }
    }
    *ret = n;
    return n >= f->least ? SY_OK : spoilt(r);
}

/* A string of 1..most bytes. */
static sy_status take_bytes(struct reading *r, enum kind kind, size_t most, struct sy_view *ret)
{
    uint64_t n = 0;
    SY_TRY(take_header(r, kind, &n));
    return n == 0 || n > most ? spoilt(r) : take(r, (size_t)n, ret);
}

static sy_status read_row(struct reading *r)
{
    struct sy_view key;
    struct sy_view value;
    SY_TRY(take_bytes(r, STR, RULES_KEY_MAX, &key));
    if (sy_view_cmp(sy_view(r->last, r->n_last), key) >= 0 || !sy_view_is_utf8(key)) {
        return spoilt(r);
    }
    memcpy(r->last, key.p, key.n);
    r->n_last = key.n;
    SY_TRY(take_bytes(r, BIN, RULES_VALUE_MAX, &value));
    sy_status s = rules_state_put_raw(r->state, sy_view(r->last, r->n_last), value);
    return sy_ok(s) ? s : sy_fail(r->err, s.code, NULL, NULL);
}

static sy_status read_digest(struct reading *r)
{
    struct sy_view digest;
    SY_TRY(expect_str(r, "digest"));
    SY_TRY(take_bytes(r, BIN, DIGEST_BYTES, &digest));
    if (digest.n != DIGEST_BYTES) {
        return spoilt(r);
    }
    rules_state_set_digest(r->state, digest.p);
    return SY_OK;
}

static sy_status read_version(struct reading *r)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(FRAME_BYTES);
    bool same = false;
    SY_TRY(expect_str(r, "rules"));
    SY_TRY(sy_mp_put_u64(&b, SY_RULES_VERSION));
    SY_TRY(expect(r, sy_buf_view(&b), &same));
    return same ? SY_OK
                : sy_fail(r->err, SY_E_STATE, "rules", "made under another version of the rules");
}

static sy_status read_all(struct reading *r)
{
    uint64_t n = 0;
    SY_TRY(take_header(r, MAP, &n));
    if (n != 3) {
        return spoilt(r);
    }
    SY_TRY(read_digest(r));
    SY_TRY(expect_str(r, "rows"));
    SY_TRY(take_header(r, MAP, &n));
    for (uint64_t i = 0; i < n; i++) {
        SY_TRY(read_row(r));
    }
    return read_version(r);
}

/* BOUNDARY: the rows come from a file; until its digest is found right they may be anything. */
sy_status rules_snapshot_read(rules_snapshot_source next, void *ctx, struct rules_state **ret,
                              struct sy_error *reterr)
{
    struct reading r = {.next = next, .ctx = ctx, .state = rules_state_new(), .err = reterr};
    *ret = NULL;
    if (r.state == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    sy_status s = read_all(&r);
    if (sy_ok(s)) {
        *ret = r.state;
    } else {
        rules_state_free(r.state);
    }
    return s;
}
