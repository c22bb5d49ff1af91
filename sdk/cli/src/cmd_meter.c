/*
 * What: minimum necessity, looked at afterwards: `scene meter` shows which granted fields a grant's models read, and
 * `scene shrink` writes the application for a grant with those fields only. Applied with `scene apply`, and approved,
 * it takes the place of the larger grant.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "cli/compile.h"
#include "cli/out.h"

static int ask_meter(struct cli *c, const uint8_t id[32], struct sy_meter *ret)
{
    struct cli_ask ask = {
        .method = "scene.meter", .grant = id, .result_desc = &sy_meter_desc, .ret_result = ret};
    return cli_call(c, &ask);
}

/* ---- meter ----------------------------------------------------------------------------------------- */

static const char *count(struct cli *c, uint64_t n)
{
    const char *text = sy_arena_printf(&c->arena, "%" PRIu64, n);
    return text == NULL ? "" : text;
}

static void print_meter(struct cli *c, const struct sy_meter *m)
{
    static const char *const headers[] = {"DATASET", "FIELD", "MASK", "MODELS", "RUNS"};
    struct cli_table *t = cli_table_new(headers, 5);
    cli_table_right(t, 3);
    cli_table_right(t, 4);
    for (size_t i = 0; i < m->n_datasets; i++) {
        const struct sy_meter_dataset *d = &m->datasets[i];
        for (size_t k = 0; k < d->n_fields; k++) {
            const struct sy_meter_field *f = &d->fields[k];
            cli_table_row(t, (const char *const[]){cli_text(c, d->dataset), cli_text(c, f->name),
                                                   cli_text(c, f->mask), count(c, f->models),
                                                   count(c, f->runs)});
        }
    }
    cli_table_print(t);
    for (size_t i = 0; i < m->n_datasets; i++) {
        const struct sy_meter_dataset *d = &m->datasets[i];
        printf("%.*s: %" PRIu64 " fields granted, %" PRIu64 " read by approved models, %" PRIu64
               " by models that were run\n",
               SY_PV(d->dataset), d->granted, d->read, d->ran);
    }
    cli_say(c, "%" PRIu64 " approved models, %" PRIu64 " runs; %" PRIu64 " calls left\n", m->models,
            m->runs, m->calls_left);
}

int cli_scene_meter(struct cli *c)
{
    int status = 0;
    uint8_t id[32];
    struct sy_meter m;
    if (!cli_id_arg(c, "grant/", id, &status)) {
        return status;
    }
    status = ask_meter(c, id, &m);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_meter_desc, &m));
    }
    print_meter(c, &m);
    return 0;
}

/* ---- shrink ----------------------------------------------------------------------------------------- */

static const struct sy_meter_dataset *measured(const struct sy_meter *m, struct sy_view dataset)
{
    for (size_t i = 0; i < m->n_datasets; i++) {
        if (sy_view_eq(m->datasets[i].dataset, dataset)) {
            return &m->datasets[i];
        }
    }
    return NULL;
}

/* Is the field needed: read, or naming whose the rows of a dataset are that is read? ran: by models that were run. */
static bool is_needed(const struct sy_meter_dataset *d, struct sy_view name, bool ran)
{
    bool any = ran ? d->ran > 0 : d->read > 0;
    for (size_t i = 0; i < d->n_fields; i++) {
        const struct sy_meter_field *f = &d->fields[i];
        if (sy_view_eq(f->name, name)) {
            return (ran ? f->runs : f->models) > 0 || (f->unit && any);
        }
    }
    return false;
}

/* Leave what is needed of p; how many fields that are granted go. */
static size_t leave_needed(struct sy_proposal *p, const struct sy_meter *m, bool ran)
{
    size_t gone = 0, n = 0;
    for (size_t i = 0; i < p->n_datasets; i++) {
        struct sy_prop_dataset d = p->datasets[i];
        const struct sy_meter_dataset *at = measured(m, d.dataset);
        size_t kept = 0;
        for (size_t k = 0; at != NULL && k < d.n_fields; k++) {
            bool dropped = sy_view_is(d.fields[k].mask, "drop");
            bool needed = !dropped && is_needed(at, d.fields[k].name, ran);
            gone += !dropped && !needed;
            if (needed) {
                d.fields[kept++] = d.fields[k];
            }
        }
        d.n_fields = kept;
        if (kept > 0) {
            p->datasets[n++] = d;
        }
    }
    p->n_datasets = n;
    return gone;
}

static void lower(uint64_t *limit, uint64_t left)
{
    *limit = *limit < left ? *limit : left;
}

/* The smaller application: the same scene and words, what is left of the limits. */
static bool make_smaller(struct cli *c, struct sy_proposal *p, const struct sy_meter *m)
{
    static const struct sy_application none = {0};
    struct sy_application *a = sy_arena_alloc(&c->arena, 1, sizeof(*a));
    if (a == NULL) {
        return false;
    }
    *a = p->n_application > 0 ? p->application[0] : none;
    memset(a->replaces, 0, sizeof(a->replaces));
    memcpy(a->shrinks, m->grant, sizeof(a->shrinks));
    p->application = a;
    p->n_application = 1;
    lower(&p->calls, m->calls_left > 0 ? m->calls_left : 1);
    lower(&p->overruns, m->overruns_left);
    lower(&p->overruns, p->calls);
    lower(&p->rho, m->rho_left);
    lower(&p->delta, m->delta_left);
    lower(&p->cells, m->cells_left);
    return true;
}

static int write_smaller(struct cli *c, const struct sy_proposal *p, const char *path)
{
    int status = 0;
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(CLI_BYTES_MAX);
    struct sy_error e = {0};
    if (!sy_ok(cli_write_scene(p, sy_now_s(), &text, &e))) {
        return cli_fail_error(c, &e);
    }
    return cli_write_file(c, path, sy_buf_view(&text), &status) ? 0 : status;
}

static int read_granted(struct cli *c, const uint8_t id[32], struct sy_proposal *ret)
{
    char hex[65];
    struct sy_view row = {0}, bytes = {0};
    cli_hex(hex, id, 32);
    int status = cli_find(c, "grant/", sy_view(hex, 64), &row);
    if (status != 0) {
        return status;
    }
    bool reads =
        row.p != NULL && cli_member(c, row, "proposal", &bytes) &&
        sy_ok(sy_record_decode(&sy_proposal_desc, bytes, &SY_MP_REQUEST, &c->arena, ret, NULL));
    return reads ? 0 : cli_usage("%s: no such grant", hex);
}

int cli_scene_shrink(struct cli *c)
{
    int status = 0;
    uint8_t id[32];
    struct sy_meter m;
    struct sy_proposal p;
    const char *path = cli_need(c, "out");
    if (path == NULL || !cli_id_arg(c, "grant/", id, &status)) {
        return path == NULL ? 2 : status;
    }
    status = ask_meter(c, id, &m);
    status = status != 0 ? status : read_granted(c, id, &p);
    if (status != 0) {
        return status;
    }
    size_t gone = leave_needed(&p, &m, cli_option(c, "ran") != NULL);
    if (gone == 0 || p.n_datasets == 0) {
        return cli_usage(gone == 0 ? "every field is read: there is nothing to shrink"
                                   : "no model reads anything: revoke the grant instead");
    }
    if (!make_smaller(c, &p, &m)) {
        return cli_usage("out of memory");
    }
    status = write_smaller(c, &p, path);
    if (status == 0 && c->json && strcmp(path, "-") != 0) {
        return cli_print_json(
            json_pack("{s:s,s:I}", "file", path, "fields_fewer", (json_int_t)gone));
    }
    if (status == 0) {
        cli_say(c, "%zu fields fewer; look at the file, then: shuyu scene apply %s\n", gone, path);
    }
    return status;
}
