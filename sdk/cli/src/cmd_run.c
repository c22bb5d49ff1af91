/*
 * What: running a model and showing its answer. Numbers are printed only from an answer that the SDK
 * has verified.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "cli/out.h"

enum { CELL_MAX = 320, PARAMS_MAX = CLI_ARGS_MAX, COLUMNS_MAX = 128 };

/* --- run ------------------------------------------------------------------------------------------------ */

static const char *cell_text(struct cli *c, const shuyu_answer *a, size_t col, size_t row)
{
    char text[CELL_MAX];
    (void)shuyu_answer_format(a, col, row, text, sizeof(text));
    return sy_arena_printf(&c->arena, "%s", text);
}

static const char *interval_text(struct cli *c, const shuyu_answer *a, size_t col, size_t row)
{
    char text[CELL_MAX];
    (void)shuyu_answer_format_interval(a, col, row, text, sizeof(text));
    return sy_arena_printf(&c->arena, "%s", text);
}

/* A figure takes two columns of the table: itself and its interval. */
struct layout {
    const char *headers[COLUMNS_MAX];
    bool figure[COLUMNS_MAX];
    size_t n;
};

static void lay_out(const shuyu_answer *a, struct layout *l)
{
    for (size_t i = 0; i < shuyu_answer_columns(a) && l->n < COLUMNS_MAX - 1; i++) {
        shuyu_column d;
        if (shuyu_answer_column(a, i, &d) != SHUYU_OK) {
            break;
        }
        l->figure[l->n] = d.kind == SHUYU_FIGURE;
        l->headers[l->n++] = d.name;
        if (d.kind == SHUYU_FIGURE) {
            l->figure[l->n] = true;
            l->headers[l->n++] = "95 %";
        }
    }
}

static void print_table(struct cli *c, const shuyu_answer *a)
{
    const char *cells[COLUMNS_MAX];
    struct layout l = {0};
    lay_out(a, &l);
    struct cli_table *t = cli_table_new(l.headers, l.n);
    for (size_t i = 0; i < l.n; i++) {
        if (l.figure[i]) {
            cli_table_right(t, i);
        }
    }
    for (size_t row = 0; row < shuyu_answer_rows(a); row++) {
        for (size_t i = 0, col = 0; i < l.n; col++) {
            bool figure = l.figure[i];
            cells[i++] = cell_text(c, a, col, row);
            if (figure) {
                cells[i++] = interval_text(c, a, col, row);
            }
        }
        cli_table_row(t, cells);
    }
    cli_table_print(t);
}

/* Figures that are not as they were released. */
static void print_shapes(const shuyu_answer *a)
{
    for (size_t i = 0; i < shuyu_answer_columns(a); i++) {
        shuyu_column d;
        if (shuyu_answer_column(a, i, &d) == SHUYU_OK && d.shaped[0] != '\0') {
            printf("shaped   %s: %s\n", d.name, d.shaped);
        }
    }
}

static void print_spend(const shuyu_spend *s, bool stored)
{
    char rho[32], left[32];
    const char *charged = stored ? "(stored answer: nothing charged again)" : "charged";
    if (s->rho > 0 || s->cells == 0) {
        printf("budget   %s: rho %s %s, %s left in this grant\n", s->ns,
               cli_nano_text(s->rho, rho, sizeof(rho)), charged,
               cli_nano_text(s->left, left, sizeof(left)));
        cli_print_epsilon(sy_view_str(s->ns), "this answer", s->rho, s->delta);
        cli_print_epsilon(sy_view_str(s->ns), "all answers of this grant so far", s->spent,
                          s->delta);
    }
    if (s->cells > 0) {
        printf("budget   %s: %" PRIu64 " cells %s, %" PRIu64 " left in this grant\n", s->ns,
               s->cells, charged, s->cells_left);
    }
}

/* Can nobody be shown another history of it? */
static void print_witnessed(const shuyu_answer *a)
{
    shuyu_witnessed w;
    char when[21] = "an unknown time";
    shuyu_answer_witnessed(a, &w);
    if (w.is_cosigned) {
        printf("witness  a quorum of this profile's witnesses has cosigned it\n");
        return;
    }
    if (w.time > 0) {
        sy_time_format(w.time, when);
    }
    if (w.size > 0) {
        printf("witness  %s; by the domain's word a quorum stood under %" PRIu64 " entries at %s\n",
               w.is_judged ? "NOT cosigned yet by a quorum of this profile's" : "not judged here",
               w.size, when);
    } else if (w.is_judged) {
        printf("witness  NOT cosigned: the domain has no quorum\n");
    }
}

static void print_facts(const shuyu_answer *a)
{
    shuyu_facts f;
    shuyu_answer_facts(a, &f);
    putchar('\n');
    print_shapes(a);
    for (size_t i = 0; i < f.n_spends; i++) {
        shuyu_spend s;
        if (shuyu_answer_spend(a, i, &s) == SHUYU_OK) {
            print_spend(&s, f.stored);
        }
    }
    printf("log      charge %" PRIu64 ", answer %" PRIu64 ": receipt and commitment verified\n",
           f.charge, f.answer);
    print_witnessed(a);
    for (size_t i = 0; i < f.n_data; i++) {
        shuyu_data d;
        if (shuyu_answer_data(a, i, &d) == SHUYU_OK) {
            printf("data     %s version %" PRIu64 "\n", d.dataset, d.version);
        }
    }
}

void cli_answer_print(struct cli *c, const shuyu_answer *a)
{
    print_table(c, a);
    print_facts(a);
}

json_t *cli_answer_json(struct cli *c, const shuyu_answer *a)
{
    shuyu_bytes b = shuyu_answer_bytes(a);
    struct sy_answer rec;
    if (!sy_ok(sy_record_decode(&sy_answer_desc, sy_view(b.data, b.n), &SY_MP_LARGE, &c->arena,
                                &rec, NULL))) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_answer_desc, &rec);
    shuyu_witnessed w;
    shuyu_answer_witnessed(a, &w);
    json_object_set_new(j, "receipt", json_string(shuyu_answer_receipt(a)));
    json_object_set_new(j, "witnessed",
                        json_pack("{s:b,s:b,s:I,s:I}", "judged", w.is_judged, "cosigned",
                                  w.is_cosigned, "size", (json_int_t)w.size, "time",
                                  (json_int_t)w.time));
    return j;
}

/* --- asking ---------------------------------------------------------------------------------------- */

static int read_params(struct cli *c, const char *const *texts, size_t n, shuyu_param *ret)
{
    for (size_t i = 0; i < n; i++) {
        char *copy = sy_arena_printf(&c->arena, "%s", texts[i]);
        char *eq = strchr(copy, '=');
        if (eq == NULL) {
            return cli_usage("%s: write NAME=VALUE", copy);
        }
        *eq = '\0';
        ret[i] = (shuyu_param){copy, eq + 1};
    }
    return 0;
}

int cli_ask_model(struct cli *c, const uint8_t grant[32], const uint8_t model[32],
                  const char *const *params, size_t n, shuyu_answer **ret)
{
    shuyu_param list[PARAMS_MAX];
    int status =
        n > PARAMS_MAX ? cli_usage("too many parameters") : read_params(c, params, n, list);
    if (status != 0 || !cli_connect(c, &status)) {
        return status;
    }
    shuyu_question q = {.grant = grant, .model = model, .params = list, .n_params = n};
    return shuyu_run(c->session, &q, ret, &c->err) == SHUYU_OK ? 0 : cli_fail(c);
}

/* Grant and id of the model that the first argument names. */
static int find_model(struct cli *c, uint8_t ret_grant[32], uint8_t ret_model[32])
{
    int status = 0;
    char hex[65];
    struct sy_view row = {0}, grant = {0};
    if (c->n_args == 0) {
        return cli_usage("give a model's id");
    }
    if (!cli_id(c, "model/", c->args[0], ret_model, &status)) {
        return status;
    }
    cli_hex(hex, ret_model, 32);
    status = cli_find(c, "model/", sy_view(hex, 64), &row);
    if (status != 0) {
        return status;
    }
    if (row.p == NULL || !cli_member(c, row, "grant", &grant) || grant.n != 32) {
        return cli_usage("%s: no such model", hex);
    }
    memcpy(ret_grant, grant.p, 32);
    return 0;
}

int cli_run(struct cli *c)
{
    uint8_t grant[32], model[32];
    shuyu_answer *a = NULL;
    const char *receipt = cli_option(c, "receipt");
    size_t n = c->n_args > 0 ? c->n_args - 1 : 0;
    int status = find_model(c, grant, model);
    status = status != 0 ? status : cli_ask_model(c, grant, model, c->args + 1, n, &a);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        status = cli_print_json(cli_answer_json(c, a));
    } else {
        cli_answer_print(c, a);
    }
    if (receipt != NULL) {
        (void)cli_write_file(c, receipt, sy_view_str(shuyu_answer_receipt(a)), &status);
    }
    shuyu_answer_free(a);
    return status;
}
