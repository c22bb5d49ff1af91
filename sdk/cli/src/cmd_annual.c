/*
 * What: the operator's yearly report and public disclosure (article 31). The report's figures are counted here from the
 * rows that the domain lists; the domain counts again and refuses others. Disclosure is a folder that `shuyu audit
 * disclose` made: it is published by its digest, after every file in it was compared with its sums.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proof/hash.h"
#include "supervise.h"
#include "wire/product.h"

/* ---- counting ---- */

struct counting {
    struct cli *c;
    int64_t offset;
    int64_t year;
    struct sy_annual_figures f;
    bool fine;
};

static bool in_year(const struct counting *n, int64_t t)
{
    return sup_year(n->offset, t) == n->year;
}

static bool take(struct counting *n, const struct sy_desc *desc, struct sy_view row, void *ret)
{
    bool fine = sy_ok(sy_record_decode(desc, row, &SY_MP_LARGE, &n->c->arena, ret, NULL));
    n->fine = n->fine && fine;
    return fine;
}

static void count_correction(struct counting *n, struct sy_view row)
{
    struct sy_correction v;
    n->f.corrections += take(n, &sy_correction_desc, row, &v) && in_year(n, v.issued) ? 1 : 0;
}

static void count_evaluation(struct counting *n, struct sy_view row)
{
    struct sy_evaluation v;
    n->f.evaluations += take(n, &sy_evaluation_desc, row, &v) && in_year(n, v.time) ? 1 : 0;
}

static void count_incident(struct counting *n, struct sy_view row)
{
    struct sy_incident v;
    n->f.incidents += take(n, &sy_incident_desc, row, &v) && in_year(n, v.reported) ? 1 : 0;
}

static void count_inspection(struct counting *n, struct sy_view row)
{
    struct sy_inspection v;
    n->f.inspections += take(n, &sy_inspection_desc, row, &v) && in_year(n, v.opened) ? 1 : 0;
}

static void count_party(struct counting *n, struct sy_view row)
{
    struct sy_party v;
    if (take(n, &sy_party_desc, row, &v)) {
        n->f.developers += sy_view_is(v.role, "developer") && sy_view_is(v.status, "active");
    }
}

static void count_dataset(struct counting *n, struct sy_view row)
{
    (void)row;
    n->f.datasets++;
}

static void count_product(struct counting *n, struct sy_view row)
{
    struct sy_product_row v;
    if (take(n, &sy_product_row_desc, row, &v)) {
        n->f.products += sy_view_is(v.status, "published");
    }
}

/* Rows of grants and their accounts are the rules' own: read by key. */
static void count_grant(struct counting *n, struct sy_view row)
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    struct sy_view status = {0};
    if (!sy_ok(sy_mp_open(row, &SY_MP_LARGE, &doc, NULL))) {
        n->fine = false;
        return;
    }
    const msgpack_object *o = sy_mp_get(&doc.root, "status");
    n->fine = n->fine && o != NULL && sy_mp_str(o, &status);
    bool ended = sy_view_is(status, "revoked") || sy_view_is(status, "expired");
    n->f.ended += ended;
    n->f.scenes += !ended;
}

static void count_account(struct counting *n, struct sy_view row)
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    uint64_t calls = 0;
    if (!sy_ok(sy_mp_open(row, &SY_MP_LARGE, &doc, NULL))) {
        n->fine = false;
        return;
    }
    const msgpack_object *o = sy_mp_get(&doc.root, "calls"); /* absent: none */
    n->fine = n->fine && (o == NULL || sy_mp_u64(o, &calls));
    n->f.runs += calls;
}

struct pass {
    struct counting *n;
    void (*count)(struct counting *, struct sy_view);
};

static bool pass_row(void *ctx, struct sy_view key, struct sy_view value)
{
    const struct pass *p = ctx;
    (void)key;
    p->count(p->n, value);
    return true;
}

static int count_figures(struct cli *c, uint64_t year, struct sy_annual_figures *ret)
{
    static const struct {
        const char *prefix;
        void (*count)(struct counting *, struct sy_view);
    } KINDS[] = {{"correction/", count_correction}, {"evaluation/", count_evaluation},
                 {"incident/", count_incident},     {"inspection/", count_inspection},
                 {"party/", count_party},           {"dataset/", count_dataset},
                 {"grant/", count_grant},           {"account/", count_account},
                 {"product/", count_product}};
    struct counting n = {.c = c, .year = (int64_t)year, .fine = true};
    int status = sup_offset(c, &n.offset);
    for (size_t i = 0; status == 0 && i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        struct pass p = {&n, KINDS[i].count};
        status = cli_rows(c, KINDS[i].prefix, pass_row, &p);
    }
    *ret = n.f;
    return status == 0 && !n.fine ? cli_usage("a row does not read") : status;
}

/* ---- report ---- */

int cli_report_figures(struct cli *c)
{
    struct sy_annual_figures f;
    uint64_t year;
    int status = 0;
    if (!cli_number_arg(c, 0, "year", &year, &status)) {
        return status;
    }
    status = count_figures(c, year, &f);
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(cli_json_record(&sy_annual_figures_desc, &f));
    }
    cli_print_lines(&sy_annual_figures_desc, &f);
    return 0;
}

int cli_report_annual(struct cli *c)
{
    struct sy_annual_report a = {.text = sy_view_str(cli_option(c, "text"))};
    int status = 0;
    if (!cli_number_arg(c, 0, "year", &a.year, &status) ||
        !sup_digest(c, "file", true, a.digest, &status) ||
        !sup_count(c, "revenue", 0, &a.revenue, &status)) {
        return status;
    }
    status = count_figures(c, a.year, &a.figures);
    return status != 0
               ? status
               : sup_send(c, "report.annual", &sy_annual_report_desc, &a, "the report is on file");
}

static json_t *annual_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    return sup_json(c, &sy_annual_desc, id, row);
}

static bool annual_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_annual v;
    if (!sy_ok(sy_record_decode(&sy_annual_desc, row, &SY_MP_LARGE, &c->arena, &v, NULL))) {
        return false;
    }
    const struct sy_annual_figures *f = &v.report.figures;
    ret[0] = cli_text(c, id);
    ret[1] = sy_arena_printf(&c->arena, "%" PRIu64, v.entry);
    ret[2] = v.late ? "late" : "in time";
    ret[3] = sy_arena_printf(&c->arena, "%" PRIu64, f->scenes);
    ret[4] = sy_arena_printf(&c->arena, "%" PRIu64, f->runs);
    ret[5] = sy_arena_printf(&c->arena, "%" PRIu64, f->products);
    ret[6] = sy_arena_printf(&c->arena, "%" PRIu64, f->incidents);
    return ret[1] != NULL && ret[3] != NULL && ret[4] != NULL && ret[5] != NULL && ret[6] != NULL;
}

int cli_report_list(struct cli *c)
{
    static const char *const headers[] = {"YEAR", "ENTRY",    "CAME",     "SCENES",
                                          "RUNS", "PRODUCTS", "INCIDENTS"};
    static const struct cli_kind_view view = {{"annual/"}, headers,      7,
                                              annual_json, annual_cells, NULL};
    return cli_list(c, &view);
}

/* ---- disclosure ---- */

/* Is each line of SHA256SUMS ("HEX  NAME") the sum of that file in the folder? */
static bool sums_hold(struct cli *c, const char *dir, struct sy_view sums, int *ret_status)
{
    size_t at = 0;
    while (at < sums.n) {
        const uint8_t *end = memchr(sums.p + at, '\n', sums.n - at);
        size_t n = end == NULL ? 0 : (size_t)(end - (sums.p + at));
        char hex[65];
        uint8_t digest[32];
        struct sy_view file;
        if (n < 67 || memchr(sums.p + at + 66, '/', n - 66) != NULL) {
            *ret_status = cli_usage("SHA256SUMS: not a list of sums");
            return false;
        }
        const char *path = sy_arena_printf(&c->arena, "%s/%.*s", dir, (int)(n - 66),
                                           (const char *)sums.p + at + 66);
        if (path == NULL || !cli_read_file(c, path, &file, ret_status)) {
            return false;
        }
        proof_sha256_one(digest, file);
        cli_hex(hex, digest, sizeof(digest));
        if (memcmp(hex, sums.p + at, 64) != 0) {
            *ret_status =
                cli_usage("%s is not the file of SHA256SUMS: make the folder again", path);
            return false;
        }
        at += n + 1;
    }
    return true;
}

/* The year, and of how many entries it was made, as disclosure.json says. */
static bool read_heading(struct cli *c, const char *dir, struct sy_disclose_publish *a,
                         int *ret_status)
{
    const char *path = sy_arena_printf(&c->arena, "%s/disclosure.json", dir);
    struct sy_view text;
    if (path == NULL || !cli_read_file(c, path, &text, ret_status)) {
        return false;
    }
    json_t *j = json_loadb((const char *)text.p, text.n, 0, NULL);
    a->year = (uint64_t)json_integer_value(json_object_get(j, "year"));
    a->entries = (uint64_t)json_integer_value(json_object_get(j, "entries"));
    json_decref(j);
    if (a->year == 0 || a->entries == 0) {
        *ret_status = cli_usage("%s: no disclosure", path);
        return false;
    }
    return true;
}

int cli_disclose_publish(struct cli *c)
{
    struct sy_disclose_publish a = {0};
    struct sy_view sums;
    int status = 0;
    if (c->n_args != 1) {
        return cli_usage("give one folder");
    }
    const char *path = sy_arena_printf(&c->arena, "%s/SHA256SUMS", c->args[0]);
    if (path == NULL || !cli_read_file(c, path, &sums, &status) ||
        !sums_hold(c, c->args[0], sums, &status) || !read_heading(c, c->args[0], &a, &status)) {
        return status;
    }
    proof_sha256_one(a.digest, sums);
    return sup_send(c, "disclose.publish", &sy_disclose_publish_desc, &a,
                    "published: put the folder where the public finds it");
}

static json_t *disclosure_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    json_t *j = sup_json(c, &sy_disclosure_desc, id, row);
    if (j != NULL && id.n > 5) {
        json_object_set_new(j, "party", cli_json_text(sy_view(id.p + 5, id.n - 5)));
    }
    return j;
}

static bool disclosure_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_disclosure v;
    char hex[65];
    if (id.n <= 5 ||
        !sy_ok(sy_record_decode(&sy_disclosure_desc, row, &SY_MP_LARGE, &c->arena, &v, NULL))) {
        return false;
    }
    cli_hex(hex, v.disclose.digest, 32);
    ret[0] = cli_text(c, sy_view(id.p, 4));
    ret[1] = cli_text(c, sy_view(id.p + 5, id.n - 5));
    ret[2] = sy_arena_printf(&c->arena, "%" PRIu64, v.entry);
    ret[3] = v.late ? "late" : "in time";
    ret[4] = cli_text(c, sy_view(hex, 16));
    return ret[2] != NULL;
}

int cli_disclose_list(struct cli *c)
{
    static const char *const headers[] = {"YEAR", "BY", "ENTRY", "CAME", "DIGEST"};
    static const struct cli_kind_view view = {{"disclosure/"}, headers,          5,
                                              disclosure_json, disclosure_cells, NULL};
    return cli_list(c, &view);
}
