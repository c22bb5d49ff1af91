/*
 * Plans that answer about one consenting subject (mechanism `subject`, docs/privacy/subject.md).
 *
 * The answer is a label of one declared key: of the cell that the subject's row is in, or that there is
 * none. So what makes it an answer about this subject and nobody else must hold for every state of the
 * data: the subject has at most one row (not chosen among several), no other unit owns it, and nothing
 * but what the subject consented to, the asserted values, moves the question.
 *
 * Invariant: nothing here looks at data; a plan that passes has exactly one of its labels, or none, for
 * every unit in every state of the data.
 */
#include "method.h"
#include "plan_internal.h"
#include "wire/consent.h"

bool plan_is_subject(const struct sy_plan_block *b)
{
    return sy_view_is(b->mechanism, SY_PLAN_SUBJECT);
}

bool plan_about_subject(const struct sy_plan *plan)
{
    bool about = false;
    for (size_t i = 0; i < plan->n_blocks; i++) {
        about = about || plan_is_subject(&plan->blocks[i]);
    }
    return about;
}

static sy_status refuse(struct plan_work *w, const char *part, const char *why)
{
    return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", 0, part), "%s", why);
}

/* What an ordinary plan must not have. */
static sy_status no_asserted(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    for (size_t i = 0; i < plan->n_params; i++) {
        if (plan->params[i].asserted) {
            return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "params", i, "a"),
                           "a value that is not declared beforehand may only be asserted of one "
                           "consenting subject");
        }
    }
    return SY_OK;
}

/* A parameter whose value the developer chooses would make another question of what was consented to. */
static sy_status all_asserted(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    for (size_t i = 0; i < plan->n_params; i++) {
        if (!plan->params[i].asserted) {
            return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "params", i, "a"),
                           "every parameter of a question about one subject is asserted, so that "
                           "the consent token commits to it");
        }
    }
    return SY_OK;
}

static sy_status shape(struct plan_work *w)
{
    const struct sy_plan *plan = w->c->plan;
    const struct sy_plan_block *b = &plan->blocks[0];
    if (plan->n_blocks != 1 || plan->n_post != 0) {
        return refuse(w, "m", "an answer about one subject is one block, without a post stage");
    }
    if (plan->n_outs != 1 || !sy_view_is(plan->outs[0].op, "key")) {
        return refuse(w, "k", "an answer about one subject is its one key");
    }
    if (b->sparse || b->tree.n > 0 || w->types.blocks[0].open) {
        return refuse(w, "k", "the answers that are possible are declared: no threshold, no tree");
    }
    return b->groups == 1 && b->rho == 0 && b->delta == 0
               ? SY_OK
               : refuse(w, "g",
                        "a subject is in one cell and costs no budget: groups 1, no rho, "
                        "no delta");
}

/* Yes, no, or a band: what is declared, and not the value itself. */
static sy_status labels(struct plan_work *w)
{
    const struct sy_plan_key *key = &w->c->plan->blocks[0].keys[0];
    enum sy_type_kind kind = w->types.blocks[0].keys[0].kind;
    if (kind != SY_TYPE_BOOL && kind != SY_TYPE_STR) {
        return refuse(w, "k", "the answer is a condition or declared text; band numbers with CASE");
    }
    if (key->n_labels > RULES_SUBJECT_LABELS_MAX) {
        return sy_fail(w->err, SY_E_LIMIT, check_path(w, "blocks", 0, "k"),
                       "%zu possible answers, at most %d", key->n_labels, RULES_SUBJECT_LABELS_MAX);
    }
    for (size_t i = 0; i < key->n_labels; i++) {
        if (sy_view_is(key->labels[i], SY_SUBJECT_UNKNOWN)) {
            return refuse(w, "k", "\"unknown\" is what stands for no answer; call it otherwise");
        }
    }
    return SY_OK;
}

/* No two rows agree in the marked columns, and each of these holds the unit: one row a unit. */
static bool one_row_a_unit(const struct plan_work *w)
{
    const struct sy_rel_types *r = &w->types.rels[w->c->plan->blocks[0].rel];
    bool one = r->unique != NULL;
    for (size_t c = 0; one && c < r->n_cols; c++) {
        one = !r->unique[c] || w->tracks[0]->unit[c];
    }
    return one;
}

static sy_status whose(struct plan_work *w)
{
    const struct sy_track *t = w->tracks[0];
    if (t == NULL) {
        return refuse(w, "ns", "public rows are about nobody");
    }
    if (t->n_others > 0) {
        return sy_fail(w->err, SY_E_PRIVACY, check_path(w, "blocks", 0, "u"),
                       "a %.*s owns these rows too, through another column, and has not consented",
                       SY_PV(t->others[0].ns));
    }
    return one_row_a_unit(w)
               ? SY_OK
               : refuse(w, "r",
                        "one subject may have several rows here: GROUP BY the unit in a "
                        "subquery first, or read a dataset whose unit has rows: 1");
}

sy_status plan_subject_check(struct plan_work *w)
{
    if (!plan_about_subject(w->c->plan)) {
        return no_asserted(w);
    }
    if (w->c->pack->n_subject == 0) {
        return refuse(w, "m", "the pack has no section `subject`");
    }
    SY_TRY(shape(w));
    SY_TRY(all_asserted(w));
    SY_TRY(labels(w));
    return whose(w);
}
