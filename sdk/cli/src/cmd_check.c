/*
 * What: asking about a model before anybody registers it: would it be accepted, what does it do, what
 * does it cost. The domain's own lowering and checks answer; no data is touched. And trying it on dummy
 * data, which shuyu-dev does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "check_ask.h"
#include "cli/compile.h"
#include "cli/out.h"

/* --- asking -------------------------------------------------------------------------------------- */

/* The caller's scene file as the proposal that it would become. */
static int draft(struct cli *c, const char *file, struct sy_view *ret)
{
    int status = 0;
    struct sy_error e = {0};
    struct sy_proposal p;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(CLI_BYTES_MAX);
    if (!cli_profile(c, &status)) {
        return status;
    }
    const uint8_t *domain = shuyu_profile_domain(c->profile);
    if (domain == NULL) {
        return cli_usage("this profile is not enrolled yet: shuyu party enrol --invite FILE");
    }
    if (!sy_ok(cli_compile_scene(file, sy_now_s(), &c->arena, &p, &e))) {
        return cli_fail_error(c, &e);
    }
    p.developer = sy_view_str(shuyu_profile_party(c->profile));
    memcpy(p.domain, domain, sizeof(p.domain));
    if (!sy_ok(sy_record_encode(&sy_proposal_desc, &p, &b))) {
        return cli_usage("%s: the scene is too large", file);
    }
    *ret = sy_arena_copy(&c->arena, sy_buf_view(&b));
    return ret->p != NULL ? 0 : cli_usage("out of memory");
}

int cli_check_read(struct cli *c, struct cli_check *ret)
{
    int status = 0;
    struct sy_error e = {0};
    const char *id = cli_option(c, "grant"), *scene = cli_option(c, "scene");
    *ret = (struct cli_check){.under_grant = id != NULL};
    if (c->n_args != 1 || (id == NULL) == (scene == NULL)) {
        return cli_usage("give one model file, and either --grant ID or --scene FILE.yaml");
    }
    if (!sy_ok(cli_compile_model(c->args[0], &c->arena, &ret->check.model, &e))) {
        return cli_fail_error(c, &e);
    }
    if (id != NULL && !cli_id(c, "grant/", id, ret->grant, &status)) {
        return status;
    }
    return scene != NULL ? draft(c, scene, &ret->check.proposal) : 0;
}

int cli_check_ask(struct cli *c, const struct cli_check *k, struct sy_check_result *ret)
{
    struct cli_ask ask = {.method = "model.check",
                          .grant = k->under_grant ? k->grant : NULL,
                          .args_desc = &sy_check_desc,
                          .args = &k->check,
                          .result_desc = &sy_check_result_desc,
                          .ret_result = ret};
    return cli_call(c, &ask);
}

/* --- a refusal: what, where, why, and what to write instead ------------------------------------------- */

static struct sy_view text_of_block(const struct sy_model_def *m, struct sy_view block)
{
    for (size_t i = 0; i < m->n_blocks; i++) {
        if (sy_view_eq(m->blocks[i].name, block)) {
            return m->blocks[i].sql;
        }
    }
    return sy_view_is(block, "post") ? m->post : (struct sy_view){0};
}

/* The name of the parameter that "params[i]..." is about. */
static struct sy_view param_at(const struct sy_model_def *m, struct sy_view path)
{
    static const char head[] = "params[";
    size_t n = strlen(head), i = 0;
    for (; n < path.n && path.p[n] >= '0' && path.p[n] <= '9' && i < m->n_params; n++) {
        i = i * 10 + (size_t)(path.p[n] - '0');
    }
    bool is_param = sy_view_starts(path, sy_view_str(head)) && n > strlen(head) && i < m->n_params;
    return is_param ? m->params[i].name : (struct sy_view){0};
}

/* Where the lowering has stopped: it always knows what to write instead. The checks of the whole plan name
 * a part of the manifest. */
static void print_place(const struct cli *c, const struct sy_model_def *m,
                        const struct sy_check_result *r)
{
    struct sy_view sql = text_of_block(m, r->block);
    if (r->hint.n > 0 && sql.n > 0) {
        fprintf(stderr, "  block %.*s, %.*s:\n", SY_PV(r->block), SY_PV(r->construct));
        cli_point(c, sql, r->pos);
    } else if (r->block.n > 0) {
        fprintf(stderr, "  block %.*s (%.*s)\n", SY_PV(r->block), SY_PV(r->construct));
    } else if (r->construct.n > 0) {
        struct sy_view param = param_at(m, r->construct);
        fprintf(stderr, "  %.*s%s%.*s\n", SY_PV(r->construct), param.n > 0 ? " of " : "",
                SY_PV(param));
    }
}

int cli_check_refusal(const struct cli *c, const struct sy_model_def *m,
                      const struct sy_check_result *r)
{
    fprintf(stderr, "shuyu: the model would be refused (%.*s)\n", SY_PV(r->code));
    print_place(c, m, r);
    fprintf(stderr, "  %.*s\n", SY_PV(r->reason));
    if (r->hint.n > 0) {
        fprintf(stderr, "  instead: %.*s\n", SY_PV(r->hint));
    }
    return 1;
}

/* Common to all three: ask; JSON or a refusal end it. *ret_done: nothing is left to print. */
static int check_model(struct cli *c, struct sy_check_result *ret, bool *ret_done)
{
    struct cli_check k;
    *ret_done = true;
    int status = cli_check_read(c, &k);
    status = status != 0 ? status : cli_check_ask(c, &k, ret);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        status = cli_print_json(cli_json_record(&sy_check_result_desc, ret));
        return status != 0 ? status : ret->refused ? 1 : 0;
    }
    if (ret->refused) {
        return cli_check_refusal(c, &k.check.model, ret);
    }
    *ret_done = false;
    return 0;
}

/* --- what it costs ------------------------------------------------------------------------------- */

static void print_figures(struct cli *c, const struct sy_check_result *r)
{
    static const char *const headers[] = {"BLOCK", "FIGURE",   "MECHANISM",
                                          "NOISE", "ONE UNIT", "95 % ERROR +-"};
    struct cli_table *t = cli_table_new(headers, 6);
    for (size_t i = 3; i < 6; i++) {
        cli_table_right(t, i);
    }
    for (size_t i = 0; i < r->n_figures; i++) {
        const struct sy_check_figure *f = &r->figures[i];
        unsigned scale = (unsigned)f->scale;
        const char *cells[] = {cli_text(c, f->block),
                               cli_text(c, f->name),
                               cli_text(c, f->mechanism),
                               cli_decimal(c, (int64_t)f->noise, scale),
                               cli_decimal(c, (int64_t)f->bound, scale),
                               cli_decimal(c, (int64_t)f->half, scale)};
        cli_table_row(t, cells);
    }
    cli_table_print(t);
}

static void print_price(const struct sy_check_result *r)
{
    char rho[32], delta[32];
    for (size_t i = 0; i < r->n_spends; i++) {
        const struct sy_spend *s = &r->spends[i];
        if (s->cells > 0) {
            printf("price    %" PRIu64 " cells of %.*s a run\n", s->cells, SY_PV(s->ns));
        }
        if (s->rho == 0 && s->cells > 0) {
            continue; /* cell keys cost cells only */
        }
        printf("price    rho %s, delta %s of %.*s a run\n", cli_nano_text(s->rho, rho, sizeof(rho)),
               cli_femto_text(s->delta, delta, sizeof(delta)), SY_PV(s->ns));
        cli_print_epsilon(s->ns, "a run", s->rho, s->delta);
    }
    if (r->n_spends == 0) {
        puts("price    nothing: it reads public data only");
    }
    printf("cells    %" PRIu64 "\nslot     an answer comes after %" PRIu64
           " ms, whatever the data\n",
           r->cells, r->slot_ms);
}

int cli_model_check(struct cli *c)
{
    bool done;
    struct sy_check_result r;
    int status = check_model(c, &r, &done);
    if (!done) {
        puts("accepted: the model may be registered");
        print_price(&r);
    }
    return status;
}

int cli_model_explain(struct cli *c)
{
    bool done;
    struct sy_check_result r;
    int status = check_model(c, &r, &done);
    if (!done) {
        printf("%.*s", SY_PV(r.rendering));
    }
    return status;
}

int cli_model_cost(struct cli *c)
{
    bool done;
    struct sy_check_result r;
    int status = check_model(c, &r, &done);
    if (!done) {
        print_figures(c, &r);
        putchar('\n');
        print_price(&r);
    }
    return status;
}

/* --- trying it ----------------------------------------------------------------------------------- */

/* Words of another program's command line: fewer than this, because every one was a word of ours. */
struct words {
    char *list[2 * CLI_ARGS_MAX];
    size_t n;
    bool failed; /* out of memory */
};

static void add_word(struct cli *c, struct words *w, const char *text)
{
    char *copy = sy_arena_printf(&c->arena, "%s", text);
    w->failed |= copy == NULL;
    w->list[w->n++] = copy;
}

/* shuyu-dev [--pack FILE] [--public DIR] [--seed N] [--keep DIR] [--json] DIR -- MODEL NAME=VALUE... */
int cli_model_test(struct cli *c)
{
    static const char *const passed[] = {"--pack", "--public", "--seed", "--keep"};
    static struct words w;
    const char *catalogue = cli_need(c, "catalogue");
    if (catalogue == NULL || c->n_args == 0) {
        return catalogue == NULL ? 2 : cli_usage("give one model file");
    }
    add_word(c, &w, "shuyu-dev");
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
        const char *value = cli_option(c, passed[i] + 2);
        if (value != NULL) {
            add_word(c, &w, passed[i]);
            add_word(c, &w, value);
        }
    }
    if (c->json) {
        add_word(c, &w, "--json");
    }
    add_word(c, &w, catalogue);
    add_word(c, &w, "--");
    for (size_t i = 0; i < c->n_args; i++) {
        add_word(c, &w, c->args[i]);
    }
    return w.failed ? cli_usage("out of memory") : cli_run_other(w.list);
}
