/*
 * What: the emergency plan and its drills (article 28), and evaluations (article 30).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "cli/compile.h"
#include "supervise.h"

/* ---- the emergency plan ---- */

/* The plan in force; all zero when there is none. */
static int plan_of(struct cli *c, struct sy_emergency *ret)
{
    struct sy_view row = {0};
    *ret = (struct sy_emergency){0};
    int status = cli_find(c, "emergency", sy_view_str("emergency"), &row);
    if (status == 0 && row.p != NULL &&
        !sy_ok(sy_record_decode(&sy_emergency_desc, row, &SY_MP_LARGE, &c->arena, ret, NULL))) {
        return cli_usage("the emergency plan's row does not read");
    }
    return status;
}

int cli_emergency_plan(struct cli *c)
{
    struct sy_emergency_plan a = {0};
    struct sy_emergency last;
    int status = 0;
    if (!sup_text(c, "title", &a.title, &status) ||
        !sup_digest(c, "file", true, a.digest, &status) ||
        !sup_words(c, "departments", &a.departments, &a.n_departments, &status)) {
        return status;
    }
    status = plan_of(c, &last);
    if (status != 0) {
        return status;
    }
    a.version = last.plan.version + 1;
    return sup_send(c, "emergency.plan", &sy_emergency_plan_desc, &a, "the plan is in force");
}

int cli_emergency_show(struct cli *c)
{
    struct sy_emergency plan;
    int status = plan_of(c, &plan);
    if (status != 0 || plan.entry == 0) {
        return status != 0 ? status : cli_usage("there is no emergency plan");
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_emergency_desc, &plan));
    }
    cli_print_lines(&sy_emergency_desc, &plan);
    return 0;
}

/* ---- drills ---- */

int cli_drill_record(struct cli *c)
{
    struct sy_drill_record a = {0};
    struct sy_emergency plan;
    int status = 0;
    if (!sup_text(c, "text", &a.text, &status) || !sup_digest(c, "file", true, a.digest, &status) ||
        !sup_time(c, "at", 0, &a.at, &status) ||
        !sup_words(c, "participants", &a.participants, &a.n_participants, &status)) {
        return status;
    }
    status = plan_of(c, &plan);
    if (status != 0) {
        return status;
    }
    memcpy(a.plan, plan.plan.digest, sizeof(a.plan));
    return sup_send(c, "drill.record", &sy_drill_record_desc, &a, "the drill is recorded");
}

static json_t *drill_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    return sup_json(c, &sy_drill_desc, id, row);
}

static bool drill_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_drill v;
    char at[21];
    if (!sy_ok(sy_record_decode(&sy_drill_desc, row, &SY_MP_LARGE, &c->arena, &v, NULL))) {
        return false;
    }
    sy_time_format(v.drill.at, at);
    ret[0] = sy_arena_printf(&c->arena, "%" PRIu64, sup_entry(id));
    ret[1] = cli_text(c, sy_view_str(at));
    ret[2] = sy_arena_printf(&c->arena, "%zu", v.drill.n_participants);
    ret[3] = cli_text(c, v.drill.text);
    return ret[0] != NULL && ret[2] != NULL;
}

int cli_drill_list(struct cli *c)
{
    static const char *const headers[] = {"ENTRY", "HELD", "PARTIES", "WHAT CAME OF IT"};
    static const struct cli_kind_view view = {{"drill/"}, headers,     4,
                                              drill_json, drill_cells, NULL};
    return cli_list(c, &view);
}

/* ---- evaluations ---- */

int cli_evaluate_record(struct cli *c)
{
    struct sy_error e = {0};
    struct sy_evaluate a;
    int status = 0;
    if (c->n_args != 1) {
        return cli_usage("give one evaluation");
    }
    if (!sy_ok(cli_compile_evaluate(c->args[0], &c->arena, &a, &e))) {
        return cli_fail_error(c, &e);
    }
    if (!sup_digest(c, "file", true, a.digest, &status)) {
        return status;
    }
    return sup_send(c, "evaluate.record", &sy_evaluate_desc, &a, "the evaluation is recorded");
}

static json_t *evaluation_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    return sup_json(c, &sy_evaluation_desc, id, row);
}

static bool evaluation_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_evaluation v;
    char from[21], to[21];
    uint64_t score = 0, of = 0;
    if (!sy_ok(sy_record_decode(&sy_evaluation_desc, row, &SY_MP_LARGE, &c->arena, &v, NULL))) {
        return false;
    }
    for (size_t i = 0; i < v.evaluate.n_scores; i++) {
        score += v.evaluate.scores[i].score;
        of += v.evaluate.scores[i].of;
    }
    sy_time_format(v.evaluate.from, from);
    sy_time_format(v.evaluate.to, to);
    ret[0] = sy_arena_printf(&c->arena, "%" PRIu64, sup_entry(id));
    ret[1] = cli_text(c, v.evaluate.party);
    ret[2] = cli_text(c, v.evaluate.outcome);
    ret[3] = sy_arena_printf(&c->arena, "%" PRIu64 " of %" PRIu64, score, of);
    ret[4] = sy_arena_printf(&c->arena, "%.10s to %.10s", from, to);
    ret[5] = cli_text(c, v.evaluate.third);
    return ret[0] != NULL && ret[3] != NULL && ret[4] != NULL;
}

int cli_evaluate_list(struct cli *c)
{
    static const char *const headers[] = {"ENTRY", "PARTY", "OUTCOME", "SCORES", "TIME", "BY"};
    static const struct cli_kind_view view = {{"evaluation/"}, headers,          6,
                                              evaluation_json, evaluation_cells, NULL};
    return cli_list(c, &view);
}
