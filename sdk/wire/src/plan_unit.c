/*
 * Tracks of the privacy unit through a plan's relations (wire/plan_unit.h has the rules).
 *
 * What a track claims. Fix, for every protected scan below, the unit column that the track uses there.
 * For a unit u, let D - u be the data without the rows that hold u in those columns. Then the relation
 * over D - u is the relation over D without the rows whose marked columns hold u, nothing more and
 * nothing less. So changing all rows of one unit of the track changes that unit's rows only. A NULL in a
 * marked column is nobody: it equals no unit, stands in groups and partitions of its own, and is dropped
 * before anything is counted. Each rule below says in a line why its operator keeps the claim.
 *
 * A unit v may own rows of a scan through columns that the track does not use: at most `rows` of that
 * column, each of one unit of the track. Taking v out thus changes the rows of at most that many units of
 * the track (and of v itself, where it is one), summed over the scans: `others`. Sums are never too
 * small, because each scan's rows reach the result through their own unit of the track only.
 *
 * Any part of a track's marks, if not empty, is a track too; the rules keep as many as they can.
 */
#include "wire/plan_unit.h"

#include "base/weak.h"

#include "plan_type_internal.h"

struct work {
    const struct sy_plan_rel *r;
    size_t at;
    const struct sy_rel_types *types;
    const struct sy_rel_units *units; /* of the relations before */
    struct sy_rel_units *ret;
    bool *marks; /* scratch: unit and maybe of the track under construction */
    struct sy_arena *arena;
    struct sy_error *err;
};

static sy_status fail(const struct work *w, int32_t code, const char *why)
{
    const char *field = sy_arena_printf(w->arena, "rels[%zu]", w->at);
    return sy_fail(w->err, code, field == NULL ? "rels" : field, "%s", why);
}

static const struct sy_rel_units *input(const struct work *w, size_t k)
{
    return &w->units[w->r->in[k]];
}

/* The column that an expression copies, or SIZE_MAX when it computes something. */
static size_t copied(const struct work *w, uint64_t expr)
{
    const struct sy_plan_expr *e = &w->r->exprs[expr];
    return sy_view_is(e->op, "col") ? (size_t)e->i : SIZE_MAX;
}

/* --- a track under construction ----------------------------------------------------------------- */

static bool any_mark(const struct sy_track *t, size_t n_cols)
{
    return sy_track_column(t, n_cols) < n_cols;
}

static uint64_t add_units(uint64_t a, uint64_t b)
{
    uint64_t most = (uint64_t)SY_PLAN_VALUE_MAX;
    return a > most - sy_min_u64(b, most) ? most : a + b;
}

/* One more namespace whose units own rows through other columns, or more units of one. */
static sy_status add_other(const struct work *w, struct sy_track *t, struct sy_view ns,
                           uint64_t units)
{
    size_t i = 0;
    while (i < t->n_others && !sy_view_eq(t->others[i].ns, ns)) {
        i++;
    }
    if (i == SY_TRACK_OTHERS_MAX) {
        return fail(w, SY_E_LIMIT, "the rows have owners of too many namespaces");
    }
    if (i == t->n_others) {
        t->others[t->n_others++] = (struct sy_track_other){.ns = ns};
    }
    t->others[i].units = add_units(t->others[i].units, units);
    return SY_OK;
}

static sy_status add_others(const struct work *w, struct sy_track *t, const struct sy_track *of)
{
    for (size_t i = 0; i < of->n_others; i++) {
        SY_TRY(add_other(w, t, of->others[i].ns, of->others[i].units));
    }
    return SY_OK;
}

/* A track like `of` (its others, its bound of units), as yet without marks; one at a time. */
static struct sy_track new_track(const struct work *w, const struct sy_track *of)
{
    struct sy_track t = *of;
    t.unit = memset(w->marks, 0, 2 * (w->ret->n_cols + 1) * sizeof(bool));
    t.maybe = t.unit + w->ret->n_cols + 1;
    return t;
}

static void mark(struct sy_track *t, size_t from, const struct sy_track *of, size_t n)
{
    memcpy(t->unit + from, of->unit, n * sizeof(bool));
    memcpy(t->maybe + from, of->maybe, n * sizeof(bool));
}

static uint64_t reach(const struct sy_track *t)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < t->n_others; i++) {
        sum = add_units(sum, t->others[i].units);
    }
    return sum;
}

/* Put t into slot i, with marks of the slot's own. */
static sy_status put(const struct work *w, struct sy_rel_units *to, size_t i,
                     const struct sy_track *t)
{
    bool *unit = to->tracks[i].unit;
    unit = unit == NULL ? sy_arena_alloc(w->arena, 2 * (to->n_cols + 1), sizeof(bool)) : unit;
    if (unit == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    memcpy(unit, t->unit, to->n_cols * sizeof(bool));
    memcpy(unit + to->n_cols + 1, t->maybe, to->n_cols * sizeof(bool));
    to->tracks[i] = *t;
    to->tracks[i].unit = unit;
    to->tracks[i].maybe = unit + to->n_cols + 1;
    return SY_OK;
}

/* Of two tracks with the same marks both claims hold: the one that fewer others reach is kept. */
static sy_status keep(const struct work *w, struct sy_rel_units *to, const struct sy_track *t)
{
    for (size_t i = 0; i < to->n_tracks; i++) {
        const struct sy_track *have = &to->tracks[i];
        if (sy_view_eq(have->ns, t->ns) &&
            memcmp(have->unit, t->unit, to->n_cols * sizeof(bool)) == 0) {
            return reach(t) < reach(have) ? put(w, to, i, t) : SY_OK;
        }
    }
    if (to->n_tracks == SY_TRACKS_MAX) {
        return fail(w, SY_E_LIMIT, "there are too many ways to say whose the rows are");
    }
    return put(w, to, to->n_tracks++, t);
}

static sy_status need_track(const struct work *w, const char *why)
{
    return w->ret->n_tracks > 0 ? SY_OK : fail(w, SY_E_PRIVACY, why);
}

/* --- scan: its rows are, by definition, those of the unit in any of its unit columns --------------- */

/* Every other unit column of the dataset owns the rows too, whether the scan reads it or not; without a
 * cap there is no bound, and no track. */
static sy_status scan_others(const struct work *w, const struct sy_dataset_def *d,
                             struct sy_view name, struct sy_track *t, bool *ret_bounded)
{
    *ret_bounded = true;
    for (size_t i = 0; i < d->n_fields; i++) {
        const struct sy_field_def *f = &d->fields[i];
        if (!sy_view_is(f->type, "unit") || sy_view_eq(f->name, name)) {
            continue;
        }
        *ret_bounded = *ret_bounded && f->rows > 0;
        SY_TRY(add_other(w, t, f->ref, f->rows));
    }
    return SY_OK;
}

/* No more units than rows; nor than the dataset's namespace may hold, which ingest sees to. */
static uint64_t units_of(const struct work *w, size_t col)
{
    const struct sy_dataset_def *d = w->types[w->at].def;
    bool declared = d->units > 0 && sy_view_eq(w->types[w->at].cols[col].ns, d->ns);
    return declared ? sy_min_u64(d->units, d->max_rows) : d->max_rows;
}

static sy_status scan_track(const struct work *w, size_t col)
{
    const struct sy_dataset_def *d = w->types[w->at].def;
    const struct sy_track bare = {.ns = w->types[w->at].cols[col].ns,
                                  .units_max = units_of(w, col)};
    struct sy_track t = new_track(w, &bare);
    bool bounded;
    SY_TRY(scan_others(w, d, w->r->names[col], &t, &bounded));
    t.unit[col] = true;
    t.maybe[col] = true;
    return bounded ? keep(w, w->ret, &t) : SY_OK;
}

static sy_status do_scan(const struct work *w)
{
    const struct sy_rel_types *types = &w->types[w->at];
    w->ret->is_protected = types->def->ns.n > 0;
    for (int own = 1; w->ret->is_protected && own >= 0; own--) { /* the dataset's unit first */
        for (size_t i = 0; i < types->n_cols; i++) {
            bool is_own = sy_view_eq(w->r->names[i], types->def->unit);
            if (types->cols[i].kind == SY_TYPE_UNIT && is_own == (own == 1)) {
                SY_TRY(scan_track(w, i));
            }
        }
    }
    return w->ret->is_protected
               ? need_track(w, "a protected dataset is read without a unit column by which the "
                               "other owners of its rows are bounded")
               : SY_OK;
}

/* --- filter, project, reduce, window --------------------------------------------------------------- */

/* A filter looks at one row at a time: what it keeps of a unit's rows depends on those alone. */
static sy_status do_filter(const struct work *w)
{
    const struct sy_rel_units *in = input(w, 0);
    w->ret->is_protected = in->is_protected;
    for (size_t k = 0; k < in->n_tracks; k++) {
        SY_TRY(keep(w, w->ret, &in->tracks[k]));
    }
    return SY_OK;
}

/* The tracks that mark one of outs[0..n), their marks where these copy them. */
static sy_status carry(const struct work *w, size_t n)
{
    const struct sy_rel_units *in = input(w, 0);
    w->ret->is_protected = in->is_protected;
    for (size_t k = 0; k < in->n_tracks; k++) {
        struct sy_track t = new_track(w, &in->tracks[k]);
        for (size_t i = 0; i < n; i++) {
            size_t col = copied(w, w->r->outs[i]);
            t.unit[i] = col < in->n_cols && in->tracks[k].unit[col];
            t.maybe[i] = col < in->n_cols && in->tracks[k].maybe[col];
        }
        if (any_mark(&t, w->ret->n_cols)) {
            SY_TRY(keep(w, w->ret, &t));
        }
    }
    return SY_OK;
}

/* One row from one row; the unit must stay among the columns. */
static sy_status do_project(const struct work *w)
{
    SY_TRY(carry(w, w->r->n_outs));
    return w->ret->is_protected ? need_track(w, "a projection drops the unit column") : SY_OK;
}

/* A group that contains the unit is made of that unit's rows, and is there iff they are. */
static sy_status do_reduce(const struct work *w)
{
    SY_TRY(carry(w, (size_t)w->r->n_keys));
    return w->ret->is_protected
               ? need_track(w, "an inner GROUP BY of protected rows must contain the unit column")
               : SY_OK;
}

static bool partitions_by(const struct work *w, const struct sy_track *t, size_t n_cols)
{
    for (size_t i = 0; i < w->r->n_keys; i++) {
        size_t col = copied(w, w->r->outs[i]);
        if (col < n_cols && t->unit[col]) {
            return true;
        }
    }
    return sy_weak(SY_WEAK_LOOSE_WINDOW);
}

/* Does the window number or pick among rows that its own keys leave equal? */
static bool breaks_ties(const struct sy_plan_rel *r)
{
    static const char *const picks[] = {"row_number", "lag", "lead", "first"};
    for (size_t i = 0; i < r->n_fns; i++) {
        for (size_t k = 0; k < sizeof picks / sizeof picks[0]; k++) {
            if (sy_view_is(r->fns[i], picks[k])) {
                return true;
            }
        }
    }
    return sy_view_is(r->kind, "rows");
}

/* Among the rows of a partition, is every unit column the track's own unit, or NULL? The codes of other
 * units would order equal rows by what is in other people's data. */
static bool orders_completely(const struct work *w, const struct sy_track *t, size_t n_cols)
{
    const struct sy_type *cols = w->types[w->r->in[0]].cols;
    for (size_t i = 0; breaks_ties(w->r) && i < n_cols; i++) {
        if (cols[i].kind == SY_TYPE_UNIT && !t->maybe[i]) {
            return false;
        }
    }
    return true;
}

/* A partition that contains the unit is made of that unit's rows; other rows' values stay as they are. */
static sy_status do_window(const struct work *w)
{
    const struct sy_rel_units *in = input(w, 0);
    bool partitioned = false;
    w->ret->is_protected = in->is_protected;
    for (size_t k = 0; k < in->n_tracks; k++) {
        const struct sy_track *of = &in->tracks[k];
        bool parts = partitions_by(w, of, in->n_cols);
        partitioned = partitioned || parts;
        if (parts && orders_completely(w, of, in->n_cols)) {
            struct sy_track t = new_track(w, of);
            mark(&t, 0, of, in->n_cols);
            SY_TRY(keep(w, w->ret, &t));
        }
    }
    if (!w->ret->is_protected) {
        return SY_OK;
    }
    return need_track(
        w, partitioned ? "the window's order is not complete: it would compare other units; "
                         "select only the columns it needs in a subquery first"
                       : "a window over protected rows must be partitioned by the unit column");
}

/* --- union: rows of a unit are its rows in each input ------------------------------------------------ */

/* The track that says of both lists of rows whose they are: marks in common, others of both. */
static sy_status unite(const struct work *w, const struct sy_track *a, const struct sy_track *b,
                       struct sy_rel_units *to)
{
    struct sy_track t = new_track(w, a);
    for (size_t i = 0; i < to->n_cols; i++) {
        t.unit[i] = a->unit[i] && b->unit[i];
        t.maybe[i] = a->maybe[i] && b->maybe[i];
    }
    if (!sy_view_eq(a->ns, b->ns) || !any_mark(&t, to->n_cols)) {
        return SY_OK;
    }
    SY_TRY(add_others(w, &t, b));
    t.units_max = add_units(a->units_max, b->units_max);
    return keep(w, to, &t);
}

static sy_status unite_all(const struct work *w, const struct sy_rel_units *a,
                           const struct sy_rel_units *b, struct sy_rel_units *to)
{
    to->n_tracks = 0;
    for (size_t i = 0; i < a->n_tracks; i++) {
        for (size_t k = 0; k < b->n_tracks; k++) {
            SY_TRY(unite(w, &a->tracks[i], &b->tracks[k], to));
        }
    }
    return SY_OK;
}

/* A public input has no track, so beside protected ones none is left. */
static sy_status do_union(const struct work *w)
{
    struct sy_rel_units turns[2] = {{.n_cols = w->ret->n_cols}, {.n_cols = w->ret->n_cols}};
    const struct sy_rel_units *sum = input(w, 0);
    bool is_protected = sum->is_protected;
    for (size_t k = 1; k < w->r->n_in; k++) {
        SY_TRY(unite_all(w, sum, input(w, k), &turns[k % 2]));
        sum = &turns[k % 2];
        is_protected = is_protected || input(w, k)->is_protected;
    }
    *w->ret = *sum;
    w->ret->is_protected = is_protected;
    return is_protected ? need_track(w, "the unit must be in the same column of everything that "
                                        "UNION puts together")
                        : SY_OK;
}

/* --- joins --------------------------------------------------------------------------------------- */

/* Does a conjunct equate a column that a marks on the left with one that b marks on the right? */
static bool equated(const struct work *w, const bool *conjunct, const struct sy_track *a,
                    const struct sy_track *b)
{
    size_t n_left = input(w, 0)->n_cols;
    size_t n_all = n_left + input(w, 1)->n_cols;
    for (size_t i = 0; i < w->r->n_exprs && !sy_weak(SY_WEAK_LOOSE_JOIN); i++) {
        const struct sy_plan_expr *e = &w->r->exprs[i];
        if (!conjunct[i] || !sy_view_is(e->op, "eq") || e->n_args != 2) {
            continue;
        }
        size_t x = copied(w, e->args[0]);
        size_t y = copied(w, e->args[1]);
        size_t left = x < y ? x : y;
        size_t right = x < y ? y : x;
        if (left < n_left && right >= n_left && right < n_all && a->unit[left] &&
            b->unit[right - n_left]) {
            return true;
        }
    }
    return sy_weak(SY_WEAK_LOOSE_JOIN);
}

/* Rows of one unit meet: a left row sees only right rows that the condition holds for, so of its own
 * unit. inner: a pair is there iff both rows are, and both name the unit. left: whether a row stays alone
 * depends on its unit's rows only; the right columns may then be NULL. semi, anti: so does whether it
 * stays at all. The right side's other owners make rows of the left come and go in every case. */
static sy_status join_pair(const struct work *w, const struct sy_track *a, const struct sy_track *b)
{
    size_t n_left = input(w, 0)->n_cols;
    bool inner = sy_view_is(w->r->kind, "inner");
    bool both = inner || sy_view_is(w->r->kind, "semi");
    struct sy_track t = new_track(w, a);
    mark(&t, 0, a, n_left);
    if (inner) {
        mark(&t, n_left, b, input(w, 1)->n_cols);
    } else if (sy_view_is(w->r->kind, "left")) {
        memcpy(t.maybe + n_left, b->maybe, input(w, 1)->n_cols * sizeof(bool));
    }
    if (both) {
        t.units_max = sy_min_u64(a->units_max, b->units_max);
    }
    SY_TRY(add_others(w, &t, b));
    return keep(w, w->ret, &t);
}

static sy_status join_protected(const struct work *w)
{
    const bool *conjunct = plan_conjuncts(w->r, w->arena);
    if (conjunct == NULL) {
        return sy_fail(w->err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < input(w, 0)->n_tracks; i++) {
        for (size_t k = 0; k < input(w, 1)->n_tracks; k++) {
            const struct sy_track *a = &input(w, 0)->tracks[i];
            const struct sy_track *b = &input(w, 1)->tracks[k];
            if (sy_view_eq(a->ns, b->ns) && equated(w, conjunct, a, b)) {
                SY_TRY(join_pair(w, a, b));
            }
        }
    }
    return need_track(w, "protected tables join on the unit: add AND a.unit = b.unit");
}

/* Public rows, which no unit changes, multiply, drop or extend a protected row: what comes of it is
 * there iff it is. */
static sy_status join_public(const struct work *w, size_t side)
{
    const struct sy_rel_units *in = input(w, side);
    for (size_t k = 0; k < in->n_tracks; k++) {
        struct sy_track t = new_track(w, &in->tracks[k]);
        mark(&t, side == 0 ? 0 : input(w, 0)->n_cols, &in->tracks[k], in->n_cols);
        SY_TRY(keep(w, w->ret, &t));
    }
    return SY_OK;
}

static sy_status do_join(const struct work *w)
{
    bool left = input(w, 0)->is_protected;
    bool right = input(w, 1)->is_protected;
    w->ret->is_protected = left || right;
    if (left && right) {
        return join_protected(w);
    }
    if (right && !sy_view_is(w->r->kind, "inner")) {
        return fail(w, SY_E_PRIVACY,
                    "public rows chosen or kept beside protected ones have no unit");
    }
    return left || right ? join_public(w, left ? 0 : 1) : SY_OK;
}

/* --- the table ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    sy_status (*track)(const struct work *);
} OPS[] = {
    {"scan", do_scan},     {"filter", do_filter}, {"project", do_project}, {"reduce", do_reduce},
    {"window", do_window}, {"union", do_union},   {"join", do_join},
};

static sy_status track_rel(const struct work *w)
{
    for (size_t k = 0; k < sizeof OPS / sizeof OPS[0]; k++) {
        if (sy_view_is(w->r->op, OPS[k].name)) {
            return OPS[k].track(w);
        }
    }
    return fail(w, SY_E_PRIVACY, "no rule says what this operator does to units");
}

sy_status sy_unit_rel(const struct sy_plan_rel *rels, size_t i, const struct sy_rel_types *types,
                      struct sy_rel_units *units, struct sy_arena *arena, struct sy_error *reterr)
{
    units[i] = (struct sy_rel_units){.n_cols = types[i].n_cols};
    struct work w = {&rels[i], i, types, units, &units[i], NULL, arena, reterr};
    w.marks = sy_arena_alloc(arena, 2 * (types[i].n_cols + 1), sizeof(bool));
    sy_status st = w.marks == NULL ? sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL) : track_rel(&w);
    if (!sy_ok(st)) {
        units[i] = (struct sy_rel_units){0};
    }
    return st;
}

const struct sy_track *sy_unit_track(const struct sy_rel_units *u, size_t column)
{
    for (size_t i = 0; i < u->n_tracks; i++) {
        if (column < u->n_cols && u->tracks[i].unit[column]) {
            return &u->tracks[i];
        }
    }
    return NULL;
}

size_t sy_track_column(const struct sy_track *t, size_t n_cols)
{
    size_t i = 0;
    while (i < n_cols && !t->unit[i]) {
        i++;
    }
    return i;
}
