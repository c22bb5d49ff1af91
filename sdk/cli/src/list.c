/*
 * What: rows of the domain's state as lists and details. Why one place: every kind of row is listed,
 * shown and turned into JSON in the same way; a command only says how one row looks.
 */
#include <string.h>

#include "cli/out.h"

enum { CELLS_MAX = 8 };

struct listing {
    struct cli *c;
    const struct cli_kind_view *view;
    struct cli_table *table; /* one of the two */
    json_t *json;
};

/* The part of a key after its prefix, which ends in the first slash. */
static struct sy_view id_of(struct sy_view key)
{
    const uint8_t *slash = memchr(key.p, '/', key.n);
    size_t n = slash == NULL ? 0 : (size_t)(slash - key.p) + 1;
    return sy_view(key.p + n, key.n - n);
}

static bool add_row(void *ctx, struct sy_view key, struct sy_view value)
{
    struct listing *l = ctx;
    const char *cells[CELLS_MAX];
    if (l->json != NULL) {
        json_t *row = l->view->json(l->c, id_of(key), value);
        if (row != NULL) {
            json_array_append_new(l->json, row);
        }
    } else if (l->view->cells(l->c, id_of(key), value, cells)) {
        cli_table_row(l->table, cells);
    }
    return true;
}

int cli_list(struct cli *c, const struct cli_kind_view *v)
{
    struct listing l = {.c = c, .view = v};
    int status = 0;
    if (c->json) {
        l.json = json_array();
    } else {
        l.table = cli_table_new(v->headers, v->n_headers);
    }
    for (size_t i = 0; status == 0 && i < 2 && v->prefixes[i] != NULL; i++) {
        status = cli_rows(c, v->prefixes[i], add_row, &l);
    }
    if (status != 0) {
        json_decref(l.json);
        cli_table_free(l.table);
        return status;
    }
    if (c->json) {
        return cli_print_json(l.json);
    }
    cli_table_print(l.table);
    return 0;
}

/* --- one row --------------------------------------------------------------------------------------- */

struct search {
    struct cli *c;
    struct sy_view id, row;
};

static bool match(void *ctx, struct sy_view key, struct sy_view value)
{
    struct search *s = ctx;
    if (!sy_view_eq(id_of(key), s->id)) {
        return true;
    }
    s->row = sy_arena_copy(&s->c->arena, value);
    return false;
}

int cli_find(struct cli *c, const char *prefix, struct sy_view id, struct sy_view *ret)
{
    struct search s = {.c = c, .id = id};
    int status = cli_rows(c, prefix, match, &s);
    *ret = s.row;
    return status;
}

int cli_show(struct cli *c, const struct cli_kind_view *v, struct sy_view id)
{
    struct sy_view row = {0};
    for (size_t i = 2; i > 0 && row.p == NULL; i--) {
        int status = v->prefixes[i - 1] == NULL ? 0 : cli_find(c, v->prefixes[i - 1], id, &row);
        if (status != 0) {
            return status;
        }
    }
    if (row.p == NULL) {
        return cli_usage("%.*s: there is none of this name that you may see", SY_PV(id));
    }
    if (c->json) {
        return cli_print_json(v->json(c, id, row));
    }
    return v->print(c, id, row) ? 0 : cli_usage("%.*s: the row does not read", SY_PV(id));
}
