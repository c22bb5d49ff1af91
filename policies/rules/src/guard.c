/*
 * The guard in a run: regions when it is charged, and whether they are too close to earlier ones
 * (rules/guard.h). A run without cell-key blocks has none.
 *
 * Invariant: decide and apply build the regions by the same function from the same state; a region row is
 * written once and never changes.
 */
#include "guard.h"

#include "base/weak.h"
#include "rules/product.h"

/* The regions of one run in one namespace. */
struct space {
    struct sy_view ns;
    struct sy_row_region row;
};

struct regions {
    struct space *spaces; /* plan.n_blocks at most */
    size_t n;
};

static struct space *space_of(struct regions *r, struct sy_view ns)
{
    size_t i = 0;
    while (i < r->n && !sy_view_eq(r->spaces[i].ns, ns)) {
        i++;
    }
    r->spaces[i].ns = ns;
    r->n += i == r->n ? 1 : 0;
    return &r->spaces[i];
}

static bool asks_by_cellkey(const struct rules_model *m)
{
    bool any = false;
    for (size_t i = 0; i < m->facts.n_blocks; i++) {
        any = any || m->facts.blocks[i].cellkey;
    }
    return any;
}

static sy_status add_box(const struct rules_state *s, const struct rules_model *m,
                         const struct sy_plan_types *types, const uint64_t *params, size_t i,
                         struct regions *r, struct sy_arena *arena, struct sy_error *err)
{
    struct space *p = space_of(r, m->facts.blocks[i].ns);
    if (p->row.boxes == NULL) {
        p->row.boxes = sy_arena_alloc(arena, m->facts.n_blocks + 1, sizeof(*p->row.boxes));
    }
    if (p->row.boxes == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    return guard_box(s, m, types, params, i, arena, &p->row.boxes[p->row.n_boxes++], err);
}

static sy_status regions_of(const struct rules_state *s, const struct rules_model *m,
                            const uint64_t *params, struct sy_arena *arena, struct regions *ret,
                            struct sy_error *err)
{
    struct sy_plan_types types;
    *ret = (struct regions){0};
    if (!asks_by_cellkey(m)) {
        return SY_OK;
    }
    ret->spaces = sy_arena_alloc(arena, m->facts.n_blocks + 1, sizeof(*ret->spaces));
    if (ret->spaces == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(sy_plan_type(&m->plan, m->grant.defs.defs, m->grant.defs.n, arena, &types, err));
    for (size_t i = 0; i < m->facts.n_blocks; i++) {
        if (m->facts.blocks[i].cellkey) {
            SY_TRY(add_box(s, m, &types, params, i, ret, arena, err));
        }
    }
    return SY_OK;
}

/* ---- earlier regions ---- */

/* The closest that a box of one row comes to one of the other. */
static sy_status rows_distance(const struct rules_state *s, const struct sy_row_region *a,
                               const struct sy_row_region *b, const struct guard_moved *moved,
                               enum guard_distance *ret, struct sy_error *err)
{
    *ret = GUARD_APART;
    for (size_t i = 0; i < a->n_boxes; i++) {
        for (size_t k = 0; k < b->n_boxes; k++) {
            SY_ARENA_CLEANUP struct sy_arena scratch = {0};
            enum guard_distance d;
            SY_TRY(guard_distance_of(s, &a->boxes[i], &b->boxes[k], moved, &scratch, &d, err));
            *ret = d > *ret ? d : *ret;
        }
    }
    return SY_OK;
}

/* The data that the run is about, and the least units that count. */
struct about {
    const struct sy_data_ref *data;
    size_t n_data;
    uint64_t units_min;
};

/* Calls `see` for every earlier region of the space, oldest first. */
struct earlier {
    const struct rules_state *state;
    const struct space *space;
    struct about about;
    struct sy_error *err;
    void *ctx;
    sy_status (*see)(struct earlier *e, uint64_t entry, const struct sy_row_region *row,
                     enum guard_distance d);
};

static bool has_moved(const struct sy_row_charge *charge, const struct sy_data_ref *now)
{
    bool moved = false;
    for (size_t i = 0; i < charge->n_data; i++) {
        const struct sy_data_ref *then = &charge->data[i];
        moved = moved || (sy_view_eq(then->dataset, now->dataset) &&
                          memcmp(then->header, now->header, 32) != 0);
    }
    return moved;
}

/* The tables of the run that have another version than they had for the charge of that entry. */
static sy_status moved_since(const struct earlier *e, uint64_t entry, struct sy_arena *arena,
                             struct guard_moved *ret)
{
    struct rules_key key = rules_key_charge(entry);
    struct sy_row_charge charge;
    struct sy_view *moved = sy_arena_alloc(arena, e->about.n_data + 1, sizeof(*moved));
    *ret = (struct guard_moved){.datasets = moved, .units_min = e->about.units_min};
    if (moved == NULL) {
        return sy_fail(e->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    SY_TRY(rules_state_read(e->state, rules_key_view(&key), &sy_row_charge_desc, arena, &charge,
                            e->err));
    for (size_t i = 0; i < e->about.n_data; i++) {
        if (has_moved(&charge, &e->about.data[i])) {
            moved[ret->n++] = e->about.data[i].dataset;
        }
    }
    return SY_OK;
}

static sy_status each_earlier(struct earlier *e)
{
    struct rules_key first = rules_key_region(e->space->ns, 0);
    struct sy_view prefix = sy_view(first.text, first.n - 20);
    struct sy_view key = {0};
    struct sy_view value;
    while (rules_state_next(e->state, prefix, key, &key, &value)) {
        SY_ARENA_CLEANUP struct sy_arena scratch = {0};
        struct sy_row_region row;
        struct guard_moved moved;
        enum guard_distance d;
        SY_TRY(sy_record_decode(&sy_row_region_desc, value, &SY_MP_LARGE, &scratch, &row, e->err));
        SY_TRY(moved_since(e, rules_number_of_key(key), &scratch, &moved));
        SY_TRY(rows_distance(e->state, &e->space->row, &row, &moved, &d, e->err));
        SY_TRY(e->see(e, rules_number_of_key(key), &row, d));
    }
    return SY_OK;
}

static struct about about_of(const struct rules_model *m, const struct sy_inputs *in)
{
    const struct sy_pack *pack = &m->grant.pack;
    return (struct about){.data = in->data,
                          .n_data = in->n_data,
                          .units_min =
                              pack->n_cellkey > 0 ? pack->cellkey[0].units_min : UINT64_MAX};
}

/* ---- decide ---- */

/* What is too close: one's own release, by its entry, before another's. */
struct finding {
    struct sy_view party;
    bool own, others;
    uint64_t entry;
};

static sy_status find_close(struct earlier *e, uint64_t entry, const struct sy_row_region *row,
                            enum guard_distance d)
{
    struct finding *f = e->ctx;
    bool mine = sy_view_eq(row->party, f->party);
    if (d == GUARD_CLOSE && mine && !f->own) {
        f->own = true;
        f->entry = entry;
    }
    f->others = f->others || (d == GUARD_CLOSE && !mine);
    return SY_OK;
}

static sy_status too_close(struct ask *c, const struct finding *f)
{
    if (f->own) {
        return sy_fail(
            c->err, SY_E_DIFFERENCING, "params",
            "too close to your own release of entry %llu; ask for the same values again, "
            "or for ranges that differ by more",
            (unsigned long long)f->entry);
    }
    return sy_fail(c->err, SY_E_DIFFERENCING, "params",
                   "the population is too close to one already released");
}

/* Blocks of one run are answered together, and are compared like runs. */
static sy_status check_within(struct ask *c, const struct space *p)
{
    for (size_t i = 0; i < p->row.n_boxes; i++) {
        for (size_t k = 0; k < i; k++) {
            SY_ARENA_CLEANUP struct sy_arena scratch = {0};
            struct guard_moved none = {0};
            enum guard_distance d;
            SY_TRY(guard_distance_of(c->state, &p->row.boxes[i], &p->row.boxes[k], &none, &scratch,
                                     &d, c->err));
            if (d == GUARD_CLOSE) {
                return sy_fail(c->err, SY_E_DIFFERENCING, "header.subject",
                               "two blocks of the model ask about populations that are too close");
            }
        }
    }
    return SY_OK;
}

sy_status guard_check(struct ask *c, const struct rules_model *m, const uint64_t *params)
{
    struct regions r;
    struct finding f = {.party = c->party.party};
    if (sy_weak(SY_WEAK_GUARD_OFF)) {
        return SY_OK;
    }
    SY_TRY(regions_of(c->state, m, params, c->arena, &r, c->err));
    for (size_t i = 0; i < r.n; i++) {
        struct earlier e = {.state = c->state,
                            .space = &r.spaces[i],
                            .about = about_of(m, c->in),
                            .err = c->err,
                            .ctx = &f,
                            .see = find_close};
        SY_TRY(check_within(c, &r.spaces[i]));
        SY_TRY(each_earlier(&e));
    }
    return control(RULES_CTL_DIFFERENCING, !f.own && !f.others) ? SY_OK : too_close(c, &f);
}

/* ---- apply ---- */

struct nearness {
    struct sy_view party;
    struct sy_region_near *near;
    size_t n, cap;
    struct sy_arena *arena;
};

static sy_status grow(struct nearness *f)
{
    size_t cap = f->cap == 0 ? 8 : 2 * f->cap;
    struct sy_region_near *all = sy_arena_alloc(f->arena, cap, sizeof(*all));
    if (all == NULL) {
        return sy_status_of(SY_E_NO_MEMORY);
    }
    if (f->n > 0) {
        memcpy(all, f->near, f->n * sizeof(*all));
    }
    f->near = all;
    f->cap = cap;
    return SY_OK;
}

static sy_status count_near(struct earlier *e, uint64_t entry, const struct sy_row_region *row,
                            enum guard_distance d)
{
    struct nearness *f = e->ctx;
    (void)entry;
    if (d == GUARD_APART || sy_view_eq(row->party, f->party)) {
        return SY_OK;
    }
    size_t i = 0;
    while (i < f->n && !sy_view_eq(f->near[i].party, row->party)) {
        i++;
    }
    if (i == f->n) {
        if (f->n == f->cap) {
            SY_TRY(grow(f));
        }
        f->near[f->n++] = (struct sy_region_near){.party = sy_arena_copy(f->arena, row->party)};
        SY_TRY(f->near[i].party.p == NULL ? sy_status_of(SY_E_NO_MEMORY) : SY_OK);
    }
    f->near[i].n++;
    return SY_OK;
}

static sy_status put_region(struct change *x, const struct rules_model *m, struct space *p,
                            const uint64_t *params)
{
    const struct sy_header *h = &x->req->header;
    struct nearness f = {.party = h->party, .arena = x->arena};
    struct earlier e = {.state = x->state,
                        .space = p,
                        .about = about_of(m, x->in),
                        .err = x->err,
                        .ctx = &f,
                        .see = count_near};
    struct rules_key key = rules_key_region(p->ns, x->entry);
    SY_TRY(each_earlier(&e));
    p->row.party = h->party;
    p->row.params = (uint64_t *)(uintptr_t)params; /* only read */
    p->row.n_params = m->plan.n_params;
    p->row.near = f.near;
    p->row.n_near = f.n;
    memcpy(p->row.grant, h->grant, 32);
    SY_TRY(rules_asked_model(x->state, h, x->arena, p->row.model, x->err));
    return effect_put(x->effect, &key, &sy_row_region_desc, &p->row, x->err);
}

sy_status guard_apply(struct change *x, const struct rules_model *m, const uint64_t *params)
{
    struct regions r;
    SY_TRY(regions_of(x->state, m, params, x->arena, &r, x->err));
    for (size_t i = 0; i < r.n; i++) {
        SY_TRY(put_region(x, m, &r.spaces[i], params));
    }
    return SY_OK;
}

sy_status guard_refused(struct change *x)
{
    struct rules_key key = rules_key_id("guard/", x->req->header.party);
    struct sy_row_guard row = {0};
    struct sy_view value;
    if (rules_state_get(x->state, rules_key_view(&key), &value)) {
        SY_TRY(rules_state_read(x->state, rules_key_view(&key), &sy_row_guard_desc, x->arena, &row,
                                x->err));
    }
    row.refused++;
    row.entry = x->entry;
    return effect_put(x->effect, &key, &sy_row_guard_desc, &row, x->err);
}
