/*
 * What: looking at the catalogue: list, show, search, differences between versions.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "catalogue.h"

/* ---- list ---- */

static const char *title_of(struct cli *c, const struct cli_entry *e)
{
    return cli_text(c, e->has_def ? e->def.title : (struct sy_view){0});
}

static json_t *time_json(int64_t t)
{
    char text[21];
    sy_time_format(t, text);
    return t == 0 ? json_null() : json_string(text);
}

static json_t *entry_line(const struct cli_entry *e)
{
    return json_pack(
        "{s:o,s:o,s:o,s:o,s:I,s:I,s:o,s:o,s:b,s:s}", "dataset", cli_json_text(e->dataset), "title",
        cli_json_text(e->has_def ? e->def.title : (struct sy_view){0}), "department",
        cli_json_text(e->row.department), "status", cli_json_text(e->row.status), "approved",
        (json_int_t)e->row.approved, "described", (json_int_t)e->row.described, "update_cycle",
        cli_json_text(e->meta.update_cycle), "updated",
        time_json(e->has_data ? e->updated.time : 0), "stale", e->stale, "offer",
        cli_entry_offer(e));
}

static const char *update_text(struct cli *c, const struct cli_catalogue *all,
                               const struct cli_entry *e)
{
    const char *day = cli_local_day(c, &all->pack, e->has_data ? e->updated.time : 0);
    return e->stale ? sy_arena_printf(&c->arena, "%s stale", day) : day;
}

static bool wanted(const struct cli *c, const struct cli_entry *e)
{
    return (cli_option(c, "stale") == NULL || e->stale) &&
           (cli_option(c, "offered") == NULL || e->offered);
}

int cli_catalog_list(struct cli *c)
{
    static const char *const headers[] = {"DATASET", "VERSION", "STATUS", "CYCLE",
                                          "UPDATED", "OFFER",   "TITLE"};
    struct cli_catalogue all;
    int status = cli_catalogue_load(c, &all);
    if (status != 0) {
        return status;
    }
    json_t *list = c->json ? json_array() : NULL;
    struct cli_table *t = c->json ? NULL : cli_table_new(headers, 7);
    for (size_t i = 0; i < all.n; i++) {
        const struct cli_entry *e = &all.entries[i];
        if (!wanted(c, e)) {
            continue;
        }
        if (c->json) {
            json_array_append_new(list, entry_line(e));
            continue;
        }
        cli_table_row(
            t, (const char *const[]){cli_text(c, e->dataset),
                                     sy_arena_printf(&c->arena, "%" PRIu64 " of %" PRIu64,
                                                     e->row.approved, e->row.described),
                                     cli_text(c, e->row.status), cli_text(c, e->meta.update_cycle),
                                     update_text(c, &all, e), cli_entry_offer(e), title_of(c, e)});
    }
    if (c->json) {
        return cli_print_json(list);
    }
    cli_table_print(t);
    return 0;
}

/* ---- show ---- */

static void print_items(struct cli *c, const struct sy_entry *e)
{
    static const char *const headers[] = {"FIELD", "NAME", "CODE", "SOURCE"};
    struct cli_table *t = cli_table_new(headers, 4);
    for (size_t i = 0; i < e->n_items; i++) {
        const struct sy_entry_item *item = &e->items[i];
        const char *from = item->code.n == 0   ? "-"
                           : item->from.n == 0 ? "this one"
                                               : cli_text(c, item->from);
        cli_table_row(t, (const char *const[]){cli_text(c, item->field), cli_text(c, item->name),
                                               cli_text(c, item->code), from});
    }
    cli_table_print(t);
}

static void print_access(const char *what, const struct sy_entry_access *a)
{
    printf("%-14s %.*s%s%.*s%s%.*s\n", what, SY_PV(a->kind), a->condition.n > 0 ? ": " : "",
           SY_PV(a->condition), a->method.n > 0 ? "; " : "", SY_PV(a->method));
}

static const char *joined(struct cli *c, const struct sy_view *list, size_t n, const char *by)
{
    char *all = sy_arena_printf(&c->arena, "%s", n == 0 ? "-" : "");
    for (size_t i = 0; i < n && all != NULL; i++) {
        all = sy_arena_printf(&c->arena, "%s%s%.*s", all, i == 0 ? "" : by, SY_PV(list[i]));
    }
    return all != NULL ? all : "-";
}

static const char *range_of(struct cli *c, const struct sy_entry *e)
{
    return sy_arena_printf(&c->arena, "%.*s to %.*s", SY_PV(e->time_from),
                           SY_PV(e->time_to.n > 0 ? e->time_to : sy_view_str("now")));
}

static void print_entry(struct cli *c, const struct sy_entry *e)
{
    char published[21];
    const struct {
        const char *name;
        const char *text;
    } lines[] = {
        {"res_code", cli_text(c, e->res_code)},
        {"class", joined(c, e->class_path, e->n_class_path, " / ")},
        {"abstract", cli_text(c, e->abstract)},
        {"provider", cli_text(c, e->provider)},
        {"provider_code", cli_text(c, e->provider_code)},
        {"lawful_basis", cli_text(c, e->lawful_basis)},
        {"source_system", cli_text(c, e->source_system)},
        {"format", cli_text(c, e->format)},
        {"region", cli_text(c, e->region)},
        {"time", range_of(c, e)},
        {"update_cycle", cli_text(c, e->update_cycle)},
        {"related", joined(c, e->related, e->n_related, ", ")},
    };
    sy_time_format(e->published * 86400, published);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        printf("%-14s %s\n", lines[i].name, lines[i].text);
    }
    printf("%-14s %.10s\n", "published", published);
    print_access("share", &e->share);
    print_access("open", &e->open);
}

static int show_json(const struct cli_entry *head, const struct sy_described *row,
                     const struct sy_entry *e)
{
    json_t *j = cli_json_record(&sy_entry_desc, e);
    json_object_update_new(
        j, json_pack("{s:o,s:o,s:b,s:b,s:s}", "status", cli_json_text(head->row.status), "opinion",
                     cli_json_text(row->opinion), "in_catalogue", head->row.approved == e->version,
                     "stale", head->stale, "offer", cli_entry_offer(head)));
    if (head->offered) {
        json_object_set_new(j, "offered", cli_json_record(&sy_offer_desc, &head->offer));
    }
    return cli_print_json(j);
}

static void print_offer(struct cli *c, const struct cli_entry *e)
{
    if (e->offered) {
        printf("%-14s %s: %.*s; %s; %.*s\n", "offer", cli_entry_offer(e), SY_PV(e->offer.industry),
               joined(c, e->offer.scenes, e->offer.n_scenes, ", "), SY_PV(e->offer.delivery));
    }
}

int cli_catalog_show(struct cli *c)
{
    struct cli_catalogue all;
    struct sy_described row = {0};
    struct sy_entry e;
    struct sy_view bytes;
    uint64_t version = 0;
    int status = 0;
    if (c->n_args < 1 || c->n_args > 2) {
        return cli_usage("give one dataset, and a version or none");
    }
    if (c->n_args == 2 && !cli_number_arg(c, 1, "version", &version, &status)) {
        return status;
    }
    status = cli_catalogue_load(c, &all);
    const struct cli_entry *head =
        status == 0 ? cli_catalogue_find(&all, sy_view_str(c->args[0])) : NULL;
    if (status != 0 || head == NULL || !head->has_meta) {
        return status != 0 ? status : cli_usage("%s: it is not in the catalogue", c->args[0]);
    }
    version = c->n_args == 2 ? version : head->meta.version;
    status = cli_entry_version(c, head->dataset, version, &row, &e, &bytes);
    if (status != 0 || bytes.n == 0) {
        return status != 0 ? status
                           : cli_usage("%s: there is no such version that you may see", c->args[0]);
    }
    if (c->json) {
        return show_json(head, &row, &e);
    }
    printf("%s  %s\n%-14s %" PRIu64 " (%.*s; %" PRIu64 " is in the catalogue)\n", c->args[0],
           title_of(c, head), "version", e.version, SY_PV(head->row.status), head->row.approved);
    print_entry(c, &e);
    print_offer(c, head);
    printf("%-14s %s\n", "updated", update_text(c, &all, head));
    print_items(c, &e);
    return 0;
}

/* ---- search ---- */

struct search {
    struct cli *c;
    const struct cli_entry *e;
    const char *const *words;
    size_t n_words;
    json_t *json;
    struct cli_table *table;
};

/* Is the word in the text, whatever the case of ASCII letters? */
static bool contains(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (; *text != '\0'; text++) {
        size_t i = 0;
        while (i < n && tolower((unsigned char)text[i]) == tolower((unsigned char)word[i])) {
            i++;
        }
        if (i == n) {
            return true;
        }
    }
    return false;
}

static void found(struct search *s, const char *path, const char *text)
{
    bool all = true;
    for (size_t i = 0; i < s->n_words; i++) {
        all = all && contains(text, s->words[i]);
    }
    if (!all) {
        return;
    }
    if (s->json != NULL) {
        json_array_append_new(s->json,
                              json_pack("{s:o,s:s,s:s}", "dataset", cli_json_text(s->e->dataset),
                                        "where", path, "text", text));
        return;
    }
    cli_table_row(s->table, (const char *const[]){cli_text(s->c, s->e->dataset), path, text});
}

/* Every text under a JSON value, with its path. */
static void look(struct search *s, const char *path, json_t *value)
{
    const char *key;
    size_t i;
    json_t *item;
    if (json_is_string(value)) {
        found(s, path, json_string_value(value));
        return;
    }
    if (json_is_array(value)) {
        json_array_foreach(value, i, item)
        {
            look(s, path, item);
        }
        return;
    }
    json_object_foreach(value, key, item)
    {
        const char *below =
            sy_arena_printf(&s->c->arena, "%s%s%s", path, *path == '\0' ? "" : ".", key);
        if (below != NULL && strcmp(below, "prev") != 0) {
            look(s, below, item);
        }
    }
}

static void look_def(struct search *s)
{
    const struct sy_dataset_def *d = &s->e->def;
    found(s, "title", cli_text(s->c, d->title));
    for (size_t i = 0; i < d->n_fields; i++) {
        const char *path = sy_arena_printf(&s->c->arena, "fields.%.*s", SY_PV(d->fields[i].name));
        if (path != NULL && d->fields[i].title.n > 0) {
            found(s, path, cli_text(s->c, d->fields[i].title));
        }
    }
}

int cli_catalog_search(struct cli *c)
{
    static const char *const headers[] = {"DATASET", "WHERE", "TEXT"};
    struct cli_catalogue all;
    if (c->n_args == 0) {
        return cli_usage("what are you looking for?");
    }
    int status = cli_catalogue_load(c, &all);
    if (status != 0) {
        return status;
    }
    struct search s = {.c = c, .words = c->args, .n_words = c->n_args};
    s.json = c->json ? json_array() : NULL;
    s.table = c->json ? NULL : cli_table_new(headers, 3);
    for (size_t i = 0; i < all.n; i++) {
        s.e = &all.entries[i];
        json_t *meta = s.e->has_meta ? cli_entry_json(&s.e->meta) : json_object();
        json_t *offer = s.e->offered ? cli_json_record(&sy_offer_desc, &s.e->offer) : json_object();
        json_object_del(offer, "digest");
        json_object_del(offer, "dataset");
        look(&s, "", meta);
        look(&s, "offer", offer);
        if (s.e->has_def) {
            look_def(&s);
        }
        json_decref(meta);
        json_decref(offer);
    }
    if (c->json) {
        return cli_print_json(s.json);
    }
    cli_table_print(s.table);
    return 0;
}
