/*
 * The emergency plan and its drills (article 28), and evaluations (article 30), which the agency makes with departments or
 * through a third party, and which decide about the end of an agreement and the next one.
 *
 * Invariant: a drill names the plan that was in force; an evaluation is of an operator or developer, over a time that is over.
 * Source: scheme articles 15 (5), 28, 30.
 */
#include "supervise.h"

enum { SCORE_MAX = 1000000, ITEM_MAX = 256, NAME_MAX_BYTES = 256 };

/* Every one of them an enrolled party, once, and of one of these roles; *ret_operating: an operator or developer is
 * among them. */
static sy_status parties_check(struct ask *c, const struct sy_view *ids, size_t n,
                               const char *roles, const char *field, bool *ret_operating)
{
    *ret_operating = false;
    if (n > SY_SUPERVISE_LIST_MAX) {
        return sy_fail(c->err, SY_E_LIMIT, field, "at most %d", SY_SUPERVISE_LIST_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        struct sy_party p;
        if (view_in(ids[i], ids, i) ||
            !sy_ok(party_active(c->state, ids[i], c->arena, &p, c->err)) ||
            !word_in(p.role, roles)) {
            return sy_fail(c->err, SY_E_FIELD, field, "enrolled parties, each once: %s", roles);
        }
        *ret_operating = *ret_operating || word_in(p.role, "operator developer");
    }
    return SY_OK;
}

/* ---- the emergency plan and its drills ---- */

static sy_status plan_in_force(const struct rules_state *s, struct sy_arena *arena,
                               struct sy_emergency *ret)
{
    struct sy_view value;
    *ret = (struct sy_emergency){0};
    return rules_state_get(s, sy_view_str("emergency"), &value)
               ? sy_record_decode(&sy_emergency_desc, value, &SY_MP_LARGE, arena, ret, NULL)
               : SY_OK;
}

sy_status decide_emergency_plan(struct ask *c)
{
    const struct sy_emergency_plan *a = c->args;
    struct sy_emergency last;
    bool operating;
    SY_TRY(plan_in_force(c->state, c->arena, &last));
    if (a->version <= last.plan.version) {
        return sy_fail(c->err, SY_E_EXISTS, "version", "versions count up");
    }
    SY_TRY(digest_check(a->digest, c->err));
    SY_TRY(text_check(a->title, "title", c->err));
    return parties_check(c, a->departments, a->n_departments, "department security", "departments",
                         &operating);
}

sy_status apply_emergency_plan(struct change *x)
{
    const struct sy_emergency row = {
        .entry = x->entry, .plan = *(const struct sy_emergency_plan *)x->args, .time = x->in->time};
    struct rules_key key = rules_key_id("", sy_view_str("emergency"));
    return effect_put(x->effect, &key, &sy_emergency_desc, &row, x->err);
}

sy_status decide_drill_record(struct ask *c)
{
    const struct sy_drill_record *a = c->args;
    struct sy_emergency plan;
    bool operating;
    SY_TRY(plan_in_force(c->state, c->arena, &plan));
    bool of_plan = plan.entry != 0 && memcmp(plan.plan.digest, a->plan, 32) == 0;
    if (!control(RULES_CTL_DRILL_PLAN, of_plan)) {
        return sy_fail(c->err, SY_E_STATE, "plan", "not the emergency plan in force");
    }
    SY_TRY(parties_check(c, a->participants, a->n_participants,
                         "agency operator department developer security", "participants",
                         &operating));
    if (!control(RULES_CTL_DRILL_PARTIES, operating)) {
        return sy_fail(c->err, SY_E_FIELD, "participants",
                       "a drill is one of operators and developers");
    }
    if (a->at < 0 || a->at > c->in->time) {
        return sy_fail(c->err, SY_E_FIELD, "at", "held at a time that has been");
    }
    SY_TRY(digest_check(a->digest, c->err));
    return text_check(a->text, "text", c->err);
}

sy_status apply_drill_record(struct change *x)
{
    struct sy_drill row = {.drill = *(const struct sy_drill_record *)x->args, .time = x->in->time};
    row.drill.at = row.drill.at == 0 ? x->in->time : row.drill.at;
    struct rules_key key = rules_key_number("drill/", x->entry);
    return effect_put(x->effect, &key, &sy_drill_desc, &row, x->err);
}

/* ---- evaluations ---- */

static sy_status scores_check(const struct sy_evaluate *a, struct sy_error *err)
{
    for (size_t i = 0; i < a->n_scores; i++) {
        const struct sy_evaluation_score *v = &a->scores[i];
        if (!is_text(v->item, ITEM_MAX) || v->of < 1 || v->of > SCORE_MAX || v->score > v->of) {
            return sy_fail(err, SY_E_FIELD, "scores", "an item, and a score of at most so much");
        }
    }
    return a->n_scores >= 1 && a->n_scores <= SY_SUPERVISE_SCORES_MAX
               ? SY_OK
               : sy_fail(err, SY_E_FIELD, "scores", "1 to %d scores", SY_SUPERVISE_SCORES_MAX);
}

sy_status decide_evaluate(struct ask *c)
{
    const struct sy_evaluate *a = c->args;
    bool operating;
    if (!word_in(a->outcome, "pass improve fail")) {
        return sy_fail(c->err, SY_E_FIELD, "outcome", "pass, improve or fail");
    }
    if (a->from <= 0 || a->from >= a->to || a->to > c->in->time) {
        return sy_fail(c->err, SY_E_FIELD, "to", "a time from ... to ... that is over");
    }
    SY_TRY(parties_check(c, a->departments, a->n_departments, "department security", "departments",
                         &operating));
    bool third = a->third.n > 0 && is_text(a->third, NAME_MAX_BYTES);
    if (!control(RULES_CTL_EVALUATION_JOINT, a->n_departments > 0 || third)) {
        return sy_fail(c->err, SY_E_FIELD, "departments",
                       "made with departments, or by a third party");
    }
    if (a->third.n > 0 && !third) {
        return sy_fail(c->err, SY_E_FIELD, "third", "a name of 1 to %d bytes", NAME_MAX_BYTES);
    }
    SY_TRY(digest_check(a->digest, c->err));
    SY_TRY(scores_check(a, c->err));
    SY_TRY(a->text.n == 0 ? SY_OK : text_check(a->text, "text", c->err));
    return supervised(c, a->party);
}

sy_status apply_evaluate(struct change *x)
{
    const struct sy_evaluation row = {.evaluate = *(const struct sy_evaluate *)x->args,
                                      .time = x->in->time};
    struct rules_key key = rules_key_numbered("evaluation/", row.evaluate.party, x->entry);
    return effect_put(x->effect, &key, &sy_evaluation_desc, &row, x->err);
}

sy_status evaluation_failed(const struct rules_state *s, struct sy_view party,
                            struct sy_arena *arena, bool *ret, struct sy_error *err)
{
    struct rules_key prefix = rules_key_id("evaluation/", party);
    struct sy_view key = {0};
    struct sy_view value;
    struct sy_view last = {0};
    *ret = false;
    if (prefix.n == 0 || prefix.n + 1 > RULES_KEY_CAP) {
        return SY_OK;
    }
    prefix.text[prefix.n++] = '/';
    while (rules_state_next(s, rules_key_view(&prefix), key, &key, &value)) {
        last = value;
    }
    struct sy_evaluation row = {0};
    if (last.n > 0) {
        SY_TRY(sy_record_decode(&sy_evaluation_desc, last, &SY_MP_LARGE, arena, &row, err));
    }
    *ret = control(RULES_CTL_EVALUATION_FEEDS, sy_view_is(row.evaluate.outcome, "fail"));
    return SY_OK;
}
