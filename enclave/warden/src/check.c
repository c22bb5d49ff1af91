/*
 * What: model.check: what model.register would say, and what a run would cost, without registering
 * anything. A read: nothing is logged, and no data is touched; lowering and the rules work on the
 * manifest, the catalogue and the pack alone. Invariant: state may change while a worker lowers, so what is
 * judged under is read again when the plan is there.
 */
#include "lower.h"
#include "warden/work.h"

static sy_status read_case(struct warden_call *c, struct sy_check *check, struct rules_grant *grant,
                           struct sy_error *err)
{
    SY_TRY(
        sy_record_decode(&sy_check_desc, c->request.args, &SY_MP_REQUEST, &c->arena, check, err));
    return rules_check_read(c->w->state, c->request.header.grant, check, &c->arena, grant, err);
}

static void give_up(struct warden_call *c, sy_status s, struct sy_error *err)
{
    if (err->code == 0) {
        sy_fail(err, s.code, NULL, NULL);
    }
    warden_call_refuse(c, err);
}

/* The worker's refusal, part by part. */
static void show_refusal(struct warden_call *c, const struct sy_lower_result *r)
{
    struct sy_check_result result = {.refused = true,
                                     .block = r->block,
                                     .code = r->code,
                                     .construct = r->construct,
                                     .hint = r->hint,
                                     .pos = r->pos,
                                     .reason = r->reason};
    warden_call_record(c, &sy_check_result_desc, &result);
}

static sy_status judge(struct warden_call *c, struct sy_view plan, struct sy_check_result *ret,
                       struct sy_error *err)
{
    struct sy_check check;
    struct rules_grant grant;
    SY_TRY(read_case(c, &check, &grant, err));
    return rules_check_plan(&grant, &check.model, plan, &c->arena, ret, err);
}

static void check_lowered(struct warden_call *c, const struct sy_lower_result *r)
{
    struct sy_error err = {0};
    struct sy_check_result result;
    if (r->plan.n == 0) {
        show_refusal(c, r);
        return;
    }
    sy_status s = judge(c, r->plan, &result, &err);
    if (!sy_ok(s)) {
        give_up(c, s, &err);
        return;
    }
    warden_call_record(c, &sy_check_result_desc, &result);
}

bool warden_check_prepare(struct warden_call *c)
{
    return warden_call_room(c, &warden_lower_room);
}

void warden_check_read(struct warden_call *c)
{
    struct sy_error err = {0};
    struct sy_check check;
    struct rules_grant grant;
    sy_status s = read_case(c, &check, &grant, &err);
    if (sy_ok(s)) {
        s = warden_lower(c, &check.model, &grant.defs, check_lowered, &err);
    }
    if (!sy_ok(s)) {
        give_up(c, s, &err);
    }
}
