/*
 * What: units taken at random out of the data that a product's model reads. A set of bits says who has a row in some
 * unit column of a namespace; draws are uniform over those. Invariant: only columns that the warden filled itself are
 * read, and neither vault nor state.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "mechanisms/sampler.h"
#include "product_test.h"
#include "wire/own.h"

enum { SPACES_MAX = WARDEN_KEYS_MAX, TRIES = 4096, PICK_BLOCK = 0x7e57 };

/* Who is there, of one namespace. */
struct present {
    struct sy_view ns;
    uint8_t *bits;
    uint64_t n_units, n; /* 1 + the largest code; how many are present */
    bool shown;          /* some department's column names its units */
};

/* A department's column of this namespace's units. */
static bool is_units(const struct warden_run *r, const struct warden_feed *f, struct sy_view ns)
{
    return sy_view_is(f->column.column.type, "unit") && sy_view_is(f->ask.def->type, "unit") &&
           sy_view_eq(f->ask.def->ref, ns) && !sy_is_own(r->model.plan.rels[f->scan].source);
}

static void widen(struct present *p, uint32_t code)
{
    p->n_units = sy_max_u64(p->n_units, (uint64_t)code + 1);
}

static void add_code(struct present *p, uint32_t code)
{
    uint8_t bit = (uint8_t)(1U << (code % 8));
    p->n += (p->bits[code / 8] & bit) == 0 ? 1 : 0;
    p->bits[code / 8] |= bit;
}

/* A unit column in the layout of wire/job.h: codes of four bytes, then which rows have none. */
static sy_status each_code(struct present *p, const struct warden_feed *f,
                           void (*take)(struct present *p, uint32_t code))
{
    const struct sy_run_column *c = &f->column.column;
    size_t codes = (size_t)c->rows * 4, at = (codes + 63) & ~(size_t)63;
    size_t bytes = c->nulls ? at + (size_t)((c->rows + 7) / 8) : codes;
    if (c->rows == 0 || c->width != 4) {
        return SY_OK;
    }
    const uint8_t *v = mmap(NULL, bytes, PROT_READ, MAP_SHARED, f->fd, 0);
    if (v == MAP_FAILED) {
        return sy_status_of(SY_E_IO);
    }
    for (size_t i = 0; i < c->rows; i++) {
        bool nobody = c->nulls && (v[at + i / 8] >> (i % 8) & 1) != 0;
        if (!nobody) {
            take(p, sy_load_le32(v + 4 * i));
        }
    }
    (void)munmap((void *)(uintptr_t)v, bytes);
    return SY_OK;
}

static sy_status every_column(const struct warden_run *r, struct present *p,
                              void (*take)(struct present *p, uint32_t code))
{
    for (size_t i = 0; i < r->n_feeds; i++) {
        if (is_units(r, &r->feeds[i], p->ns)) {
            p->shown = true;
            SY_TRY(each_code(p, &r->feeds[i], take));
        }
    }
    return SY_OK;
}

static sy_status find_present(const struct warden_run *r, struct present *p)
{
    SY_TRY(every_column(r, p, widen));
    p->bits = calloc(p->n_units / 8 + 1, 1);
    return p->bits == NULL ? sy_status_of(SY_E_NO_MEMORY) : every_column(r, p, add_code);
}

/* The k-th of those who are there. */
static uint64_t nth(const struct present *p, uint64_t k)
{
    for (uint64_t i = 0; i < p->n_units; i++) {
        if ((p->bits[i / 8] >> (i % 8) & 1) != 0 && k-- == 0) {
            return i;
        }
    }
    return 0;
}

static bool is_taken(const struct trial_unit *all, size_t n, struct sy_view ns, uint64_t code)
{
    for (size_t i = 0; i < n; i++) {
        if (all[i].code == code && sy_view_eq(all[i].ns, ns)) {
            return true;
        }
    }
    return false;
}

/* Each namespace in its turn; whoever was drawn before is drawn again, a bounded number of times. */
static void draw_units(const struct present *all, size_t n_all, struct mech_stream *s, size_t max,
                       struct trial_unit *ret, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; n < max && i < TRIES; i++) {
        const struct present *p = &all[i % n_all];
        uint64_t code = p->n > 0 ? nth(p, (uint64_t)mech_uniform(s, p->n)) : 0;
        if (p->n > 0 && !is_taken(ret, n, p->ns, code)) {
            ret[n++] = (struct trial_unit){.ns = p->ns, .code = code};
        }
    }
    *ret_n = n;
}

static size_t spaces(const struct warden_run *r, struct present *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < r->model.facts.n_blocks && n < SPACES_MAX; i++) {
        struct sy_view ns = r->model.facts.blocks[i].ns;
        bool known = ns.n == 0;
        for (size_t k = 0; k < n; k++) {
            known = known || sy_view_eq(ret[k].ns, ns);
        }
        if (!known) {
            ret[n++] = (struct present){.ns = ns};
        }
    }
    return n;
}

sy_status product_test_units(const struct warden_run *r, const uint8_t seed[32], size_t max,
                             struct trial_unit *ret, size_t *ret_n)
{
    struct present all[SPACES_MAX];
    uint8_t nonce[MECH_NONCE_BYTES];
    MECH_STREAM_CLEANUP struct mech_stream s;
    size_t n_all = spaces(r, all);
    bool shown = false;
    sy_status status = SY_OK;
    for (size_t i = 0; sy_ok(status) && i < n_all; i++) {
        status = find_present(r, &all[i]);
        shown = shown || all[i].shown;
    }
    status = sy_ok(status) && !shown ? sy_status_of(SY_E_STATE) : status;
    mech_cell_nonce(PICK_BLOCK, 0, nonce);
    mech_stream_open(&s, seed, nonce);
    *ret_n = 0;
    if (sy_ok(status)) {
        draw_units(all, n_all, &s, max, ret, ret_n);
    }
    for (size_t i = 0; i < n_all; i++) {
        free(all[i].bits);
    }
    return status;
}
