/*
 * What: one lowering job. Invariants: the worker gets the model's text and the catalogue of the granted
 * fields and nothing else; what comes back is a plan that nobody has looked at, or text of bounded length.
 */
#include "lower.h"

#include <stdlib.h>
#include <string.h>

#include "warden/job.h"

enum { PLAN_MAX = 4 << 20, LOWER_MIB = 512, LOWER_CPU_S = 5 };
enum { NAME_MAX_BYTES = 65, TEXT_MAX_BYTES = 257 };
static const uint64_t LOWER_WALL_NS = UINT64_C(5000000000);

const struct warden_room warden_lower_room = {.in_all = 4, .of_party = 1};

struct lower {
    struct warden_job job;
    struct warden_call *call;
    struct sy_view message; /* the job, in the call's arena */
    struct sy_lower_result result;
    warden_lowered_fn *done;
    bool again; /* the second worker */
};

static void refuse(struct lower *l, const char *code, const char *reason)
{
    l->result = (struct sy_lower_result){.code = sy_view_str(code), .reason = sy_view_str(reason)};
}

/* Cut at a character, without control characters. */
static struct sy_view take_text(struct warden_call *c, struct sy_view v, size_t cap)
{
    char text[TEXT_MAX_BYTES];
    sy_view_to_cstr(v, text, cap);
    for (char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }
    return sy_arena_copy(&c->arena, sy_view_str(text));
}

/* BOUNDARY: the worker's words go into the ledger and to the developer only as text of bounded
 * length under one of our codes; it has seen nothing but the developer's own SQL and the catalogue. */
static void take_refusal(struct lower *l, const struct sy_lower_result *r)
{
    char code[32];
    sy_view_to_cstr(r->code, code, sizeof(code));
    const char *known = sy_code_of_name(code) != 0 ? sy_code_name(sy_code_of_name(code)) : "sql";
    l->result =
        (struct sy_lower_result){.block = take_text(l->call, r->block, NAME_MAX_BYTES),
                                 .code = sy_view_str(known),
                                 .construct = take_text(l->call, r->construct, NAME_MAX_BYTES),
                                 .hint = take_text(l->call, r->hint, TEXT_MAX_BYTES),
                                 .pos = r->pos,
                                 .reason = take_text(l->call, r->reason, TEXT_MAX_BYTES)};
}

static bool lower_message(void *ctx, struct sy_view message)
{
    struct lower *l = ctx;
    struct sy_arena *arena = &l->call->arena;
    struct sy_lower_result r;
    struct sy_view copy = sy_arena_copy(arena, message);
    sy_status s = sy_record_decode(&sy_lower_result_desc, copy, &SY_MP_LARGE, arena, &r, NULL);
    if (!sy_ok(s) || r.plan.n > PLAN_MAX) {
        refuse(l, "sql", "the model could not be lowered");
    } else if (r.plan.n > 0) {
        l->result = (struct sy_lower_result){.plan = r.plan};
    } else {
        take_refusal(l, &r);
    }
    return false;
}

static void lower_end(void *ctx, enum warden_job_end end);

static sy_status lower_begin(struct lower *l, struct sy_error *err)
{
    l->job = (struct warden_job){.message = lower_message, .end = lower_end, .ctx = l};
    struct warden_job_caps caps = {.kind = SY_JOB_LOWER,
                                   .memory_mib = LOWER_MIB,
                                   .cpu_s = LOWER_CPU_S,
                                   .wall_ns = LOWER_WALL_NS};
    SY_TRY(warden_job_start(l->call->w, &l->job, &caps, err));
    sy_status s = warden_job_send(l->job.worker.sock, l->message, NULL, 0);
    if (!sy_ok(s)) {
        warden_job_stop(&l->job);
    }
    return s;
}

/* A worker that is gone is given one successor: it may have been ended from outside. Two that are gone
 * were ended by the model. */
static void lower_end(void *ctx, enum warden_job_end end)
{
    struct lower *l = ctx;
    if (end == WARDEN_JOB_CRASH && !l->again) {
        l->again = true;
        if (sy_ok(lower_begin(l, NULL))) {
            return;
        }
    }
    if (end != WARDEN_JOB_DONE) {
        refuse(l, "limit", "the model is too large or too deep to be lowered; simplify it");
    }
    struct warden_call *c = l->call;
    struct sy_lower_result result = l->result;
    warden_lowered_fn *done = l->done;
    free(l);
    done(c, &result);
}

static sy_status encode_job(struct lower *l, const struct sy_model_def *model,
                            const struct rules_defs *defs, struct sy_error *err)
{
    struct sy_arena *arena = &l->call->arena;
    struct sy_lower_job job = {.model = *model,
                               .datasets = defs->defs,
                               .n_datasets = defs->n,
                               .granted = defs->granted,
                               .n_granted = defs->n,
                               .defs = sy_arena_alloc(arena, defs->n + 1, sizeof(*job.defs)),
                               .n_defs = defs->n};
    if (job.defs == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < defs->n; i++) {
        job.defs[i] = sy_view(defs->digests[i], 32);
    }
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(SY_JOB_MESSAGE_MAX);
    SY_TRY(sy_record_encode(&sy_lower_job_desc, &job, &b));
    l->message = sy_arena_copy(arena, sy_buf_view(&b));
    return l->message.p != NULL ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

sy_status warden_lower(struct warden_call *c, const struct sy_model_def *model,
                       const struct rules_defs *defs, warden_lowered_fn *done, struct sy_error *err)
{
    struct lower *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    l->call = c;
    l->done = done;
    sy_status s = encode_job(l, model, defs, err);
    if (sy_ok(s)) {
        s = lower_begin(l, err);
    }
    if (!sy_ok(s)) {
        free(l);
    }
    return s;
}
