/*
 * What: what was spent and what was logged: budgets, and the export of the log.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/out.h"

/* --- budget --------------------------------------------------------------------------------------- */

enum { BUDGET_FIGURES = 7 };

static const char *count_text(uint64_t n, char *ret, size_t cap)
{
    (void)snprintf(ret, cap, "%" PRIu64, n);
    return ret;
}

/* The figures of an account: rho, what the spent one means, then cells. */
static const struct {
    const char *name, *member;
    const char *(*text)(uint64_t v, char *ret, size_t cap);
} budget_members[BUDGET_FIGURES] = {
    {"cap_rho", "cap_rho", cli_nano_text},      {"spent_rho", "spent_rho", cli_nano_text},
    {"epsilon", "spent_rho", cli_epsilon_text}, {"held_rho", "held_rho", cli_nano_text},
    {"cap_cells", "cap_cells", count_text},     {"spent_cells", "spent_cells", count_text},
    {"held_cells", "held_cells", count_text},
};

static void budget_figures(struct sy_view row, char ret[BUDGET_FIGURES][32])
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    bool open = sy_ok(sy_mp_open(row, &SY_MP_LARGE, &doc, NULL));
    for (size_t i = 0; i < BUDGET_FIGURES; i++) {
        const msgpack_object *o = open ? sy_mp_get(&doc.root, budget_members[i].member) : NULL;
        uint64_t v = 0;
        if (o != NULL) {
            (void)sy_mp_u64(o, &v);
        }
        budget_members[i].text(v, ret[i], 32);
    }
}

static json_t *budget_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    (void)c;
    char f[BUDGET_FIGURES][32];
    json_t *j = json_pack("{s:o}", "namespace", cli_json_text(id));
    budget_figures(row, f);
    for (size_t i = 0; i < BUDGET_FIGURES; i++) {
        json_object_set_new(j, budget_members[i].name, json_string(f[i]));
    }
    return j;
}

static bool budget_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    char f[BUDGET_FIGURES][32];
    budget_figures(row, f);
    ret[0] = cli_text(c, id);
    for (size_t i = 0; i < BUDGET_FIGURES; i++) {
        ret[i + 1] = cli_text(c, sy_view_str(f[i]));
    }
    return true;
}

int cli_budget(struct cli *c)
{
    static const char *const headers[] = {"NAMESPACE", "CAP RHO",   "SPENT", "EPSILON",
                                          "RESERVED",  "CAP CELLS", "SPENT", "RESERVED"};
    static const struct cli_kind_view view = {{"budget/"}, headers,      BUDGET_FIGURES + 1,
                                              budget_json, budget_cells, NULL};
    return cli_list(c, &view);
}

/* --- export ---------------------------------------------------------------------------------------------- */

/*
 * DIR/checkpoint   the newest signed checkpoint
 * DIR/log.vkey     the log's verifier key, as this profile pins it
 * DIR/entries      concatenated records: 4-byte little-endian length, canonical sy_log_entry
 */
static bool write_entries(FILE *f, const struct sy_log_entries *page)
{
    for (size_t i = 0; i < page->n_entries; i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(CLI_BYTES_MAX);
        uint8_t n[4];
        if (!sy_ok(sy_record_encode(&sy_log_entry_desc, &page->entries[i], &b))) {
            return false;
        }
        for (int k = 0; k < 4; k++) {
            n[k] = (uint8_t)(b.n >> (8 * k));
        }
        if (fwrite(n, 1, 4, f) != 4 || fwrite(b.p, 1, b.n, f) != b.n) {
            return false;
        }
    }
    return true;
}

static int export_pages(struct cli *c, FILE *f, struct sy_view *ret_checkpoint, uint64_t *ret_n)
{
    struct sy_log_range range = {.first = *ret_n, .n = 256};
    struct sy_log_entries page = {0};
    do {
        struct cli_ask ask = {.method = "log.entries",
                              .args_desc = &sy_log_range_desc,
                              .args = &range,
                              .result_desc = &sy_log_entries_desc,
                              .ret_result = &page};
        int status = cli_call(c, &ask);
        if (status != 0) {
            return status;
        }
        if (!write_entries(f, &page)) {
            return cli_usage("the entries cannot be written");
        }
        range.first += page.n_entries;
        *ret_checkpoint = sy_arena_copy(&c->arena, page.checkpoint);
    } while (page.n_entries > 0);
    *ret_n = range.first;
    return 0;
}

static int export_entries(struct cli *c, const char *out, struct sy_view *ret_checkpoint,
                          uint64_t *ret_n)
{
    (void)mkdir(out, 0755);
    FILE *f = fopen(sy_arena_printf(&c->arena, "%s/entries", out), "wbe");
    if (f == NULL) {
        return cli_usage("%s: cannot be written", out);
    }
    int status = export_pages(c, f, ret_checkpoint, ret_n);
    if (fclose(f) != 0 && status == 0) {
        status = cli_usage("the entries cannot be written");
    }
    return status;
}

/* --first: where the export begins; for who has the entries before it already (`shuyu-audit follow`). */
static bool first_entry(const struct cli *c, uint64_t *ret)
{
    const char *text = cli_option(c, "first");
    char *end = NULL;
    *ret = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text != NULL && (text[0] < '0' || text[0] > '9' || *end != '\0')) {
        (void)cli_usage("--first wants the number of an entry");
        return false;
    }
    return true;
}

int cli_log_export(struct cli *c)
{
    const char *out = cli_need(c, "out");
    int status = 0;
    struct sy_view checkpoint = {0};
    uint64_t n = 0;
    if (!first_entry(c, &n)) {
        return 2;
    }
    if (out == NULL || !cli_profile(c, &status)) {
        return out == NULL ? 2 : status;
    }
    status = export_entries(c, out, &checkpoint, &n);
    if (status == 0 &&
        cli_write_file(c, sy_arena_printf(&c->arena, "%s/checkpoint", out), checkpoint, &status) &&
        cli_write_file(c, sy_arena_printf(&c->arena, "%s/log.vkey", out),
                       sy_view_str(shuyu_profile_log(c->profile)), &status)) {
        cli_say(c, "%" PRIu64 " entries exported to %s\n", n, out);
    }
    return status;
}
