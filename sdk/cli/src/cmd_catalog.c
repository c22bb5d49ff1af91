/*
 * What: acts on the catalogue: describe, approve, withdraw, offer, unoffer. Whoever signs about a version names its
 * digest, which is computed here from the bytes that the domain showed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "catalogue.h"
#include "cli/compile.h"
#include "proof/hash.h"

/* The head row of a dataset's entry; all zero when this party sees none. */
static int head_of(struct cli *c, struct sy_view dataset, struct sy_entry_row *ret)
{
    struct sy_view row = {0};
    *ret = (struct sy_entry_row){0};
    int status = cli_find(c, "entry/", dataset, &row);
    if (status == 0 && row.p != NULL &&
        !sy_ok(sy_record_decode(&sy_entry_row_desc, row, &SY_MP_REQUEST, &c->arena, ret, NULL))) {
        return cli_usage("%.*s: the row does not read", SY_PV(dataset));
    }
    return status;
}

/* ---- describe ---- */

static int def_of(struct cli *c, struct sy_view dataset, struct sy_dataset_def *ret)
{
    struct sy_view row = {0}, def = {0};
    int status = cli_find(c, "dataset/", dataset, &row);
    if (status != 0) {
        return status;
    }
    if (row.p == NULL || !cli_member(c, row, "def", &def) ||
        !sy_ok(sy_record_decode(&sy_dataset_def_desc, def, &SY_MP_LARGE, &c->arena, ret, NULL))) {
        return cli_usage("%.*s: define the dataset first", SY_PV(dataset));
    }
    return 0;
}

static const struct sy_entry_item *item_of(const struct sy_entry *e, struct sy_view field)
{
    for (size_t i = 0; i < e->n_items; i++) {
        if (sy_view_eq(e->items[i].field, field)) {
            return &e->items[i];
        }
    }
    return NULL;
}

static const struct sy_field_def *field_of(const struct sy_dataset_def *def, struct sy_view name)
{
    for (size_t i = 0; i < def->n_fields; i++) {
        if (sy_view_eq(def->fields[i].name, name)) {
            return &def->fields[i];
        }
    }
    return NULL;
}

/* What the file does not name is called as the definition's titles say; what it says of items stays. */
static int fill_items(struct cli *c, struct sy_entry *e)
{
    struct sy_dataset_def def;
    int status = def_of(c, e->dataset, &def);
    if (status != 0) {
        return status;
    }
    struct sy_entry_item *items =
        sy_arena_alloc(&c->arena, e->n_items + def.n_fields + 1, sizeof(*items));
    size_t n = 0;
    for (size_t i = 0; items != NULL && i < e->n_items; i++) {
        const struct sy_field_def *f = field_of(&def, e->items[i].field);
        items[n] = e->items[i];
        items[n].name = items[n].name.n == 0 && f != NULL ? f->title : items[n].name;
        n++;
    }
    for (size_t i = 0; items != NULL && i < def.n_fields; i++) {
        if (item_of(e, def.fields[i].name) == NULL) {
            items[n++] =
                (struct sy_entry_item){.field = def.fields[i].name, .name = def.fields[i].title};
        }
    }
    e->items = items;
    e->n_items = n;
    return items != NULL ? 0 : cli_usage("out of memory");
}

int cli_catalog_describe(struct cli *c)
{
    struct sy_error err = {0};
    struct sy_entry e;
    struct sy_entry_row row;
    if (c->n_args != 1) {
        return cli_usage("give one description");
    }
    if (!sy_ok(cli_compile_entry(c->args[0], &c->arena, &e, &err))) {
        return cli_fail_error(c, &err);
    }
    int status = fill_items(c, &e);
    status = status != 0 ? status : head_of(c, e.dataset, &row);
    if (status != 0) {
        return status;
    }
    e.version = row.described + 1;
    memcpy(e.prev, row.digest, sizeof(e.prev));
    struct cli_ask ask = {.method = "catalog.describe", .args_desc = &sy_entry_desc, .args = &e};
    status = cli_call(c, &ask);
    if (status != 0 || c->json) {
        return status != 0
                   ? status
                   : cli_print_json(json_pack("{s:o,s:I}", "dataset", cli_json_text(e.dataset),
                                              "version", (json_int_t)e.version));
    }
    cli_say(c, "%.*s: version %" PRIu64 " is described; the agency decides\n", SY_PV(e.dataset),
            e.version);
    return 0;
}

/* ---- approve, withdraw ---- */

/* Version `version` of a dataset, and its digest. */
static int version_digest(struct cli *c, struct sy_view dataset, uint64_t version, uint8_t ret[32])
{
    struct sy_described row;
    struct sy_entry e;
    struct sy_view bytes;
    int status = cli_entry_version(c, dataset, version, &row, &e, &bytes);
    if (status != 0) {
        return status;
    }
    if (bytes.n == 0) {
        return cli_usage("%.*s: there is no version %" PRIu64 " that you may see", SY_PV(dataset),
                         version);
    }
    proof_sha256_one(ret, bytes);
    return 0;
}

int cli_catalog_approve(struct cli *c)
{
    bool back = cli_option(c, "return") != NULL;
    struct sy_entry_review a = {.decision = sy_view_str(back ? "return" : "approve"),
                                .opinion = sy_view_str(cli_option(c, "opinion"))};
    struct sy_entry_row row;
    if (c->n_args != 1) {
        return cli_usage("give one dataset");
    }
    if (back && cli_need(c, "opinion") == NULL) {
        return 2;
    }
    a.dataset = sy_view_str(c->args[0]);
    int status = head_of(c, a.dataset, &row);
    if (status == 0 && row.described == 0) {
        return cli_usage("%s: it is not described", c->args[0]);
    }
    a.version = row.described;
    status = status != 0 ? status : version_digest(c, a.dataset, a.version, a.digest);
    if (status != 0) {
        return status;
    }
    struct cli_ask ask = {
        .method = "catalog.approve", .args_desc = &sy_entry_review_desc, .args = &a};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "%s: version %" PRIu64 " is %s\n", c->args[0], a.version,
                back ? "returned to its department" : "in the catalogue");
    }
    return status;
}

int cli_catalog_withdraw(struct cli *c)
{
    const char *text = cli_need(c, "text");
    if (c->n_args != 1 || text == NULL) {
        return c->n_args != 1 ? cli_usage("give one dataset") : 2;
    }
    struct sy_entry_withdraw a = {.dataset = sy_view_str(c->args[0]), .text = sy_view_str(text)};
    struct cli_ask ask = {
        .method = "catalog.withdraw", .args_desc = &sy_entry_withdraw_desc, .args = &a};
    int status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "%s is out of the catalogue, and its offer with it\n", c->args[0]);
    }
    return status;
}

/* ---- offer ---- */

int cli_catalog_offer(struct cli *c)
{
    struct sy_error err = {0};
    struct sy_offer o;
    struct sy_entry_row row;
    if (c->n_args != 1) {
        return cli_usage("give one offer");
    }
    if (!sy_ok(cli_compile_offer(c->args[0], &c->arena, &o, &err))) {
        return cli_fail_error(c, &err);
    }
    int status = head_of(c, o.dataset, &row);
    if (status == 0 && row.approved == 0) {
        return cli_usage("%.*s is not in the agency's catalogue", SY_PV(o.dataset));
    }
    o.version = row.approved;
    status = status != 0 ? status : version_digest(c, o.dataset, o.version, o.digest);
    if (status != 0) {
        return status;
    }
    struct cli_ask ask = {.method = "catalog.offer", .args_desc = &sy_offer_desc, .args = &o};
    status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "%.*s is offered, by version %" PRIu64 " of its entry\n", SY_PV(o.dataset),
                o.version);
    }
    return status;
}

int cli_catalog_unoffer(struct cli *c)
{
    if (c->n_args != 1) {
        return cli_usage("give one dataset");
    }
    struct sy_dataset_ref a = {.dataset = sy_view_str(c->args[0])};
    struct cli_ask ask = {
        .method = "catalog.unoffer", .args_desc = &sy_dataset_ref_desc, .args = &a};
    int status = cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "%s is no longer offered\n", c->args[0]);
    }
    return status;
}
