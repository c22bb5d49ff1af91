/*
 * What: the rows of the catalogue, joined by dataset.
 */
#include "catalogue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

enum { DAY_S = 86400, UTC_OFFSET_S = 8 * 3600, ENTRIES_MAX = 65536 };

struct load {
    struct cli *c;
    struct cli_catalogue *all;
    size_t room;
};

/* ---- time ---- */

static const struct sy_pack_scheme *scheme_of(const struct sy_pack *p)
{
    return p->n_scheme == 1 ? &p->scheme[0] : NULL;
}

static int64_t offset_of(const struct sy_pack *p)
{
    const struct sy_pack_scheme *s = scheme_of(p);
    return s != NULL && s->n_calendar == 1 ? s->calendar[0].utc_offset_s : UTC_OFFSET_S;
}

static int64_t day_of(const struct sy_pack *p, int64_t t)
{
    int64_t local = t + offset_of(p);
    return local / DAY_S - (local % DAY_S < 0);
}

const char *cli_local_day(struct cli *c, const struct sy_pack *pack, int64_t t)
{
    char text[21];
    if (t == 0) {
        return "-";
    }
    sy_time_format(t + offset_of(pack), text);
    return sy_arena_printf(&c->arena, "%.10s", text);
}

static uint64_t days_of(const struct sy_pack *p, struct sy_view cycle)
{
    const struct sy_pack_scheme *s = scheme_of(p);
    for (size_t i = 0; s != NULL && s->n_catalogue == 1 && i < s->catalogue[0].n_cycles; i++) {
        if (sy_view_eq(s->catalogue[0].cycles[i].code, cycle)) {
            return s->catalogue[0].cycles[i].days;
        }
    }
    return 0;
}

/* ---- rows ---- */

/* The key behind its prefix. */
static struct sy_view after(struct sy_view key)
{
    const uint8_t *slash = memchr(key.p, '/', key.n);
    size_t n = slash == NULL ? 0 : (size_t)(slash - key.p) + 1;
    return sy_view(key.p + n, key.n - n);
}

static struct cli_entry *entry_of(const struct cli_catalogue *all, struct sy_view dataset)
{
    for (size_t i = 0; i < all->n; i++) {
        if (sy_view_eq(all->entries[i].dataset, dataset)) {
            return &all->entries[i];
        }
    }
    return NULL;
}

const struct cli_entry *cli_catalogue_find(const struct cli_catalogue *all, struct sy_view dataset)
{
    return entry_of(all, dataset);
}

static bool grow(struct load *l)
{
    if (l->all->n < l->room) {
        return true;
    }
    size_t room = l->room == 0 ? 64 : 2 * l->room;
    struct cli_entry *wider =
        room > ENTRIES_MAX ? NULL : sy_arena_alloc(&l->c->arena, room, sizeof(*wider));
    if (wider == NULL) {
        return false;
    }
    for (size_t i = 0; i < l->all->n; i++) {
        wider[i] = l->all->entries[i];
    }
    l->all->entries = wider;
    l->room = room;
    return true;
}

static bool read_row(struct load *l, const struct sy_desc *desc, struct sy_view bytes, void *ret)
{
    return sy_ok(sy_record_decode(desc, bytes, &SY_MP_LARGE, &l->c->arena, ret, NULL));
}

static bool add_entry(void *ctx, struct sy_view key, struct sy_view value)
{
    struct load *l = ctx;
    struct cli_entry e = {.dataset = after(key)};
    if (!read_row(l, &sy_entry_row_desc, value, &e.row)) {
        return true;
    }
    if (!grow(l)) {
        return false;
    }
    l->all->entries[l->all->n++] = e;
    return true;
}

/* "DATASET/N": the entry, and N; NULL when this party may not see the entry. */
static struct cli_entry *version_of(struct load *l, struct sy_view key, uint64_t *ret)
{
    struct sy_view id = after(key);
    const uint8_t *slash = memchr(id.p, '/', id.n);
    char digits[24];
    if (slash == NULL) {
        return NULL;
    }
    size_t n = (size_t)(slash - id.p);
    sy_view_to_cstr(sy_view(id.p + n + 1, id.n - n - 1), digits, sizeof(digits));
    *ret = strtoull(digits, NULL, 10);
    return entry_of(l->all, sy_view(id.p, n));
}

/* The version in the catalogue, else the last: rows come in ascending order. */
static bool add_version(void *ctx, struct sy_view key, struct sy_view value)
{
    struct load *l = ctx;
    uint64_t version = 0;
    struct cli_entry *e = version_of(l, key, &version);
    struct sy_described row;
    struct sy_entry meta;
    if (e == NULL || (e->row.approved > 0 && version != e->row.approved) ||
        !read_row(l, &sy_described_desc, value, &row) ||
        !read_row(l, &sy_entry_desc, row.meta, &meta)) {
        return true;
    }
    e->meta = meta;
    e->bytes = row.meta;
    e->has_meta = true;
    return true;
}

static bool add_offer(void *ctx, struct sy_view key, struct sy_view value)
{
    struct load *l = ctx;
    struct cli_entry *e = entry_of(l->all, after(key));
    struct sy_offer_row row;
    if (e != NULL && read_row(l, &sy_offer_row_desc, value, &row) &&
        read_row(l, &sy_offer_desc, row.offer, &e->offer)) {
        e->offered = true;
        e->offer_time = row.time;
    }
    return true;
}

static bool add_updated(void *ctx, struct sy_view key, struct sy_view value)
{
    struct load *l = ctx;
    struct cli_entry *e = entry_of(l->all, after(key));
    if (e != NULL) {
        e->has_data = read_row(l, &sy_updated_desc, value, &e->updated);
    }
    return true;
}

static bool add_def(void *ctx, struct sy_view key, struct sy_view value)
{
    struct load *l = ctx;
    struct cli_entry *e = entry_of(l->all, after(key));
    struct sy_view def = {0};
    if (e != NULL && cli_member(l->c, value, "def", &def)) {
        e->has_def = read_row(l, &sy_dataset_def_desc, def, &e->def);
    }
    return true;
}

static bool add_pack(void *ctx, struct sy_view key, struct sy_view value)
{
    struct load *l = ctx;
    struct sy_view pack = {0};
    struct sy_pack read;
    if (sy_view_is(key, "pack") && cli_member(l->c, value, "pack", &pack) &&
        read_row(l, &sy_pack_desc, pack, &read)) {
        l->all->pack = read;
    }
    return true;
}

static void judge(struct cli_catalogue *all)
{
    int64_t today = day_of(&all->pack, sy_now_s());
    for (size_t i = 0; i < all->n; i++) {
        struct cli_entry *e = &all->entries[i];
        int64_t day = e->has_data ? day_of(&all->pack, e->updated.time) : -1;
        uint64_t days = e->has_meta ? days_of(&all->pack, e->meta.update_cycle) : 0;
        e->stale = sy_entry_stale(days, day, today);
    }
}

int cli_catalogue_load(struct cli *c, struct cli_catalogue *ret)
{
    static const struct {
        const char *prefix;
        cli_row_fn *add;
    } parts[] = {{"pack", add_pack},    {"entry/", add_entry},     {"described/", add_version},
                 {"offer/", add_offer}, {"updated/", add_updated}, {"dataset/", add_def}};
    struct load l = {.c = c, .all = ret};
    *ret = (struct cli_catalogue){0};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        int status = cli_rows(c, parts[i].prefix, parts[i].add, &l);
        if (status != 0) {
            return status;
        }
    }
    judge(ret);
    return 0;
}

const char *cli_entry_offer(const struct cli_entry *e)
{
    if (!e->offered) {
        return "-";
    }
    return e->offer.version == e->row.approved ? "offered" : "renew";
}

int cli_entry_version(struct cli *c, struct sy_view dataset, uint64_t version,
                      struct sy_described *ret_row, struct sy_entry *ret, struct sy_view *ret_bytes)
{
    const char *id = sy_arena_printf(&c->arena, "%.*s/%020" PRIu64, SY_PV(dataset), version);
    struct sy_view row = {0};
    *ret_bytes = (struct sy_view){0};
    int status = cli_find(c, "described/", sy_view_str(id), &row);
    if (status == 0 && row.p != NULL &&
        sy_ok(sy_record_decode(&sy_described_desc, row, &SY_MP_LARGE, &c->arena, ret_row, NULL)) &&
        sy_ok(
            sy_record_decode(&sy_entry_desc, ret_row->meta, &SY_MP_LARGE, &c->arena, ret, NULL))) {
        *ret_bytes = ret_row->meta;
    }
    return status;
}

json_t *cli_entry_json(const struct sy_entry *e)
{
    json_t *all = cli_json_record(&sy_entry_desc, e);
    json_t *items = json_object();
    for (size_t i = 0; i < e->n_items; i++) {
        json_t *item = cli_json_record(&sy_entry_item_desc, &e->items[i]);
        char field[SY_ENTRY_LABEL_MAX];
        sy_view_to_cstr(e->items[i].field, field, sizeof(field));
        json_object_del(item, "field");
        json_object_set_new(items, field, item);
    }
    json_object_set_new(all, "items", items);
    return all;
}

static void warn(struct cli *c, const struct cli_catalogue *all, const struct cli_entry *e)
{
    if (c->json || c->quiet) {
        return;
    }
    if (!e->has_data) {
        fprintf(stderr, "warning: %.*s has no data yet\n", SY_PV(e->dataset));
        return;
    }
    fprintf(stderr, "warning: %.*s was last updated on %s, and is stale (%.*s)\n",
            SY_PV(e->dataset), cli_local_day(c, &all->pack, e->updated.time),
            SY_PV(e->meta.update_cycle));
}

json_t *cli_catalogue_warn(struct cli *c, const struct sy_proposal *p)
{
    struct cli_catalogue all;
    json_t *stale = NULL;
    if (cli_catalogue_load(c, &all) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < p->n_datasets; i++) {
        const struct cli_entry *e = entry_of(&all, p->datasets[i].dataset);
        if (e != NULL && e->stale) {
            warn(c, &all, e);
            stale = stale != NULL ? stale : json_array();
            json_array_append_new(stale, cli_json_text(e->dataset));
        }
    }
    return stale;
}

bool cli_number_arg(struct cli *c, size_t at, const char *what, uint64_t *ret, int *ret_status)
{
    char *end = NULL;
    const char *text = at < c->n_args ? c->args[at] : "";
    *ret = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0') {
        *ret_status = cli_usage("give the number of one %s", what);
        return false;
    }
    return true;
}
