/*
 * What: demand that the catalogue does not meet: file, review, list.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "catalogue.h"

static bool read_demand(struct cli *c, struct sy_view row, struct sy_demand_row *ret,
                        struct sy_demand *ret_demand)
{
    return sy_ok(sy_record_decode(&sy_demand_row_desc, row, &SY_MP_LARGE, &c->arena, ret, NULL)) &&
           sy_ok(sy_record_decode(&sy_demand_desc, ret->demand, &SY_MP_LARGE, &c->arena, ret_demand,
                                  NULL));
}

/* A number without its leading zeros. */
static uint64_t number_of(struct sy_view id)
{
    char digits[24];
    sy_view_to_cstr(id, digits, sizeof(digits));
    return strtoull(digits, NULL, 10);
}

/* ---- file ---- */

struct filed {
    struct cli *c;
    struct sy_view demand; /* as it was sent */
    uint64_t number;
};

/* The last one that says the same. */
static bool find_filed(void *ctx, struct sy_view key, struct sy_view value)
{
    struct filed *f = ctx;
    struct sy_view bytes = {0};
    size_t n = strlen("demand/");
    if (cli_member(f->c, value, "demand", &bytes) && sy_view_eq(bytes, f->demand)) {
        f->number = number_of(sy_view(key.p + n, key.n - n));
    }
    return true;
}

int cli_demand_file(struct cli *c)
{
    static const char *const options[] = {"developer", "sector", "title", "items", "scene"};
    const char *texts[5];
    SY_BUF_CLEANUP struct sy_buf sent = sy_buf(CLI_BYTES_MAX);
    for (size_t i = 0; i < 5; i++) {
        texts[i] = cli_need(c, options[i]);
        if (texts[i] == NULL) {
            return 2;
        }
    }
    struct sy_demand d = {.developer = sy_view_str(texts[0]),
                          .items = sy_view_str(texts[3]),
                          .scene = sy_view_str(texts[4]),
                          .sector = sy_view_str(texts[1]),
                          .title = sy_view_str(texts[2])};
    struct cli_ask ask = {.method = "demand.file", .args_desc = &sy_demand_desc, .args = &d};
    int status = cli_call(c, &ask);
    if (status != 0 || !sy_ok(sy_record_encode(&sy_demand_desc, &d, &sent))) {
        return status;
    }
    struct filed f = {.c = c, .demand = sy_buf_view(&sent)};
    status = cli_rows(c, "demand/", find_filed, &f);
    if (status != 0 || c->json) {
        return status != 0 ? status
                           : cli_print_json(json_pack("{s:I}", "demand", (json_int_t)f.number));
    }
    printf("filed: demand %" PRIu64 "\n", f.number);
    cli_say(c, "The agency and %s review it, both.\n", texts[1]);
    return 0;
}

/* ---- review ---- */

int cli_demand_review(struct cli *c)
{
    int status = 0;
    struct sy_review r;
    struct sy_demand_review a = {0};
    if (c->n_args != 1) {
        return cli_usage("give the number of one demand");
    }
    if (!cli_number_arg(c, 0, "demand", &a.demand, &status) || !cli_review_args(c, &r, &status)) {
        return status;
    }
    a.decision = r.decision;
    a.opinion = r.opinion;
    struct cli_ask ask = {
        .method = "demand.review", .args_desc = &sy_demand_review_desc, .args = &a};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "demand %" PRIu64 ": %.*s recorded\n", a.demand, SY_PV(a.decision));
    }
    return status;
}

/* ---- list ---- */

static json_t *demand_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_demand_row r;
    struct sy_demand d;
    if (!read_demand(c, row, &r, &d)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_demand_row_desc, &r);
    json_object_set_new(j, "number", json_integer((json_int_t)number_of(id)));
    json_object_set_new(j, "demand", cli_json_record(&sy_demand_desc, &d));
    return j;
}

static bool demand_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_demand_row r;
    struct sy_demand d;
    char filed[21];
    if (!read_demand(c, row, &r, &d)) {
        return false;
    }
    sy_time_format(r.time, filed);
    ret[0] = sy_arena_printf(&c->arena, "%" PRIu64, number_of(id));
    ret[1] = cli_text(c, r.status);
    ret[2] = sy_arena_printf(&c->arena, "%.10s", filed);
    ret[3] = cli_text(c, d.developer);
    ret[4] = cli_text(c, d.sector);
    ret[5] = sy_arena_printf(&c->arena, "%zu of 2", r.n_opinions);
    ret[6] = cli_text(c, r.met);
    ret[7] = cli_text(c, d.title);
    return true;
}

int cli_demand_list(struct cli *c)
{
    static const char *const headers[] = {"DEMAND", "STATUS",  "FILED", "DEVELOPER",
                                          "SECTOR", "REVIEWS", "MET",   "TITLE"};
    static const struct cli_kind_view view = {{"demand/"}, headers,      8,
                                              demand_json, demand_cells, NULL};
    return cli_list(c, &view);
}
