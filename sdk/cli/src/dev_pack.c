/*
 * What: the rules of a throw-away domain, and the scene that a developer tries a model in: every field of
 * the given entries that the pack can release at all, with the whole budget.
 */
#include <stdio.h>

#include "base/time.h"
#include "cli/compile.h"
#include "dev.h"

enum { CALLS = 1000, OVERRUNS = 3, TERM_S = 86400, PACK_BYTES = 1 << 20 };

/* --- pack ------------------------------------------------------------------------------------------ */

static const struct sy_pack_budget *budget_of(const struct sy_pack *pack, struct sy_view ns)
{
    for (size_t i = 0; i < pack->n_budgets; i++) {
        if (sy_view_eq(pack->budgets[i].ns, ns)) {
            return &pack->budgets[i];
        }
    }
    return NULL;
}

static bool has_text(const struct sy_view *list, size_t n, struct sy_view v)
{
    for (size_t i = 0; i < n; i++) {
        if (sy_view_eq(list[i], v)) {
            return true;
        }
    }
    return false;
}

/* Every namespace whose units own rows of the entries: those of all unit columns of protected tables. */
static size_t namespaces(struct dev *d, struct sy_view **ret)
{
    size_t most = 0, n = 0;
    for (size_t i = 0; i < d->n_defs; i++) {
        most += d->defs[i].n_fields;
    }
    struct sy_view *list = sy_arena_alloc(&d->arena, most + 1, sizeof(*list));
    for (size_t i = 0; list != NULL && i < d->n_defs; i++) {
        const struct sy_dataset_def *def = &d->defs[i];
        for (size_t k = 0; def->ns.n > 0 && k < def->n_fields; k++) {
            struct sy_view ns = def->fields[k].ref;
            if (sy_view_is(def->fields[k].type, "unit") && ns.n > 0 && !has_text(list, n, ns)) {
                list[n++] = ns;
            }
        }
    }
    *ret = list;
    return n;
}

/* The built-in pack's one budget, once for each namespace of the entries. */
static int spread_budget(struct dev *d)
{
    struct sy_pack_budget model = d->pack.budgets[0];
    struct sy_view *spaces = NULL;
    size_t n = namespaces(d, &spaces);
    struct sy_pack_budget *list = sy_arena_alloc(&d->arena, n + 1, sizeof(*list));
    if (spaces == NULL || list == NULL) {
        return cli_usage("out of memory");
    }
    d->pack.budgets = list;
    for (size_t i = 0; i < n; i++) {
        list[i] = model;
        list[i].ns = spaces[i];
    }
    d->pack.n_budgets = n;
    return 0;
}

static bool default_pack(struct sy_buf *ret)
{
    bool fine = true;
    for (size_t i = 0; fine && dev_default_pack[i] != NULL; i++) {
        fine = sy_ok(sy_buf_add_view(ret, sy_view_str(dev_default_pack[i])));
    }
    return fine;
}

int dev_pack_read(struct dev *d)
{
    int status = 0;
    struct sy_error e = {0};
    const char *file = d->pack_file;
    if (file == NULL) {
        SY_BUF_CLEANUP struct sy_buf text = sy_buf(PACK_BYTES);
        file = sy_arena_printf(&d->arena, "%s/pack.yaml", d->dir);
        if (!default_pack(&text)) {
            return cli_usage("out of memory");
        }
        if (!cli_write_file(&d->agency, file, sy_buf_view(&text), &status)) {
            return status;
        }
    }
    if (!sy_ok(cli_compile_pack(file, &d->arena, &d->pack, &e))) {
        return cli_fail_error(&d->agency, &e);
    }
    d->pack.n_scheme =
        0; /* a developer's own machine: nobody there announces, agrees or discloses */
    d->pack.quorum_from = 0; /* nor are there witnesses */
    return d->pack_file == NULL ? spread_budget(d) : 0;
}

/* --- scene ----------------------------------------------------------------------------------------- */

/* Every mechanism that the pack allows for some grade. */
static bool all_mechanisms(struct dev *d, struct sy_proposal *p)
{
    size_t most = 0;
    for (size_t i = 0; i < d->pack.n_grades; i++) {
        most += d->pack.grades[i].n_mechanisms;
    }
    p->mechanisms = sy_arena_alloc(&d->arena, most + 1, sizeof(*p->mechanisms));
    for (size_t i = 0; p->mechanisms != NULL && i < d->pack.n_grades; i++) {
        const struct sy_pack_grade *g = &d->pack.grades[i];
        for (size_t k = 0; k < g->n_mechanisms; k++) {
            if (!has_text(p->mechanisms, p->n_mechanisms, g->mechanisms[k])) {
                p->mechanisms[p->n_mechanisms++] = g->mechanisms[k];
            }
        }
    }
    return p->mechanisms != NULL;
}

static bool is_released(const struct sy_pack *pack, uint64_t grade)
{
    for (size_t i = 0; i < pack->n_grades; i++) {
        if (pack->grades[i].grade == grade) {
            return pack->grades[i].n_mechanisms > 0;
        }
    }
    return grade == 1;
}

static bool note_left_out(struct dev *d, const struct sy_dataset_def *def, struct sy_view field)
{
    char *name = sy_arena_printf(&d->arena, "%.*s.%.*s", SY_PV(def->id), SY_PV(field));
    struct sy_view *list = sy_arena_alloc(&d->arena, d->n_left_out + 1, sizeof(*list));
    if (name == NULL || list == NULL) {
        return false;
    }
    for (size_t i = 0; i < d->n_left_out; i++) {
        list[i] = d->left_out[i];
    }
    list[d->n_left_out++] = sy_view_str(name);
    d->left_out = list;
    return true;
}

static bool all_fields(struct dev *d, const struct sy_dataset_def *def, struct sy_prop_dataset *ret)
{
    *ret = (struct sy_prop_dataset){.dataset = def->id};
    ret->fields = sy_arena_alloc(&d->arena, def->n_fields + 1, sizeof(*ret->fields));
    for (size_t i = 0; ret->fields != NULL && i < def->n_fields; i++) {
        const struct sy_field_def *f = &def->fields[i];
        if (is_released(&d->pack, f->grade) || sy_view_eq(f->name, def->unit)) {
            ret->fields[ret->n_fields++] = (struct sy_prop_field){
                .name = f->name, .reason = sy_view_str("try-out on dummy data")};
        } else if (!note_left_out(d, def, f->name)) {
            return false;
        }
    }
    return ret->fields != NULL;
}

/* What every namespace of the entries can bear. */
static int whole_budget(struct dev *d, struct sy_proposal *p)
{
    struct sy_view *spaces = NULL;
    size_t n = namespaces(d, &spaces);
    p->rho = p->delta = p->cells = 0;
    for (size_t i = 0; spaces != NULL && i < n; i++) {
        const struct sy_pack_budget *b = budget_of(&d->pack, spaces[i]);
        if (b == NULL) {
            return cli_usage("the pack has no budget for namespace %.*s", SY_PV(spaces[i]));
        }
        p->rho = i == 0 || b->rho < p->rho ? b->rho : p->rho;
        p->delta = i == 0 || b->delta < p->delta ? b->delta : p->delta;
        p->cells = i == 0 || b->cells < p->cells ? b->cells : p->cells;
    }
    return spaces != NULL ? 0 : cli_usage("out of memory");
}

int dev_scene(struct dev *d, struct sy_proposal *ret)
{
    int64_t now = sy_now_s();
    uint64_t term = d->pack.term_max_s < TERM_S ? d->pack.term_max_s : TERM_S;
    *ret = (struct sy_proposal){.scene = sy_view_str("dev"),
                                .title = sy_view_str(DEV_LABEL),
                                .purpose = sy_view_str("a developer's try-out"),
                                .calls = CALLS,
                                .overruns = OVERRUNS,
                                .not_before = now,
                                .not_after = now + (int64_t)term};
    ret->datasets = sy_arena_alloc(&d->arena, d->n_defs + 1, sizeof(*ret->datasets));
    bool ok = ret->datasets != NULL && all_mechanisms(d, ret);
    for (size_t i = 0; ok && i < d->n_defs; i++) {
        ok = all_fields(d, &d->defs[i], &ret->datasets[ret->n_datasets++]);
    }
    return ok ? whole_budget(d, ret) : cli_usage("out of memory");
}
