/*
 * What: what changed between two versions of a description. Both are rows of the domain's state, so nothing but the
 * catalogue is needed to compare them; items are compared by field.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "catalogue.h"

struct diff {
    struct cli *c;
    json_t *list; /* NULL: print lines */
    size_t n;
};

static void tell(struct diff *d, const char *path, json_t *from, json_t *to)
{
    d->n++;
    if (d->list != NULL) {
        json_array_append_new(d->list,
                              json_pack("{s:s,s:O?,s:O?}", "path", path, "from", from, "to", to));
        return;
    }
    json_t *both[] = {from, to};
    for (size_t i = 0; i < 2; i++) {
        if (both[i] != NULL) {
            printf("%c %s ", "-+"[i], path);
            json_dumpf(both[i], stdout, JSON_ENCODE_ANY | JSON_COMPACT);
            putchar('\n');
        }
    }
}

static void compare(struct diff *d, const char *path, json_t *from, json_t *to);

/* The keys of `left`, then those that only `right` has. */
static void compare_objects(struct diff *d, const char *path, json_t *from, json_t *to)
{
    const char *key;
    json_t *item;
    json_object_foreach(from, key, item)
    {
        const char *below =
            sy_arena_printf(&d->c->arena, "%s%s%s", path, *path == '\0' ? "" : ".", key);
        compare(d, below, item, json_object_get(to, key));
    }
    json_object_foreach(to, key, item)
    {
        if (json_object_get(from, key) == NULL) {
            const char *below =
                sy_arena_printf(&d->c->arena, "%s%s%s", path, *path == '\0' ? "" : ".", key);
            compare(d, below, NULL, item);
        }
    }
}

static void compare(struct diff *d, const char *path, json_t *from, json_t *to)
{
    if (path == NULL || strcmp(path, "prev") == 0 || strcmp(path, "version") == 0) {
        return;
    }
    if (json_is_object(from) && json_is_object(to)) {
        compare_objects(d, path, from, to);
    } else if (from == NULL || to == NULL || !json_equal(from, to)) {
        tell(d, path, from, to);
    }
}

/* The two versions that were asked for: A and B, else what is in the catalogue and what was described last; when that is
 * one and the same, the last two. */
static bool which(struct cli *c, const struct sy_entry_row *row, uint64_t ret[2], int *status)
{
    if (c->n_args == 3) {
        return cli_number_arg(c, 1, "version", &ret[0], status) &&
               cli_number_arg(c, 2, "version", &ret[1], status);
    }
    ret[1] = row->described;
    ret[0] =
        row->approved > 0 && row->approved < row->described ? row->approved : row->described - 1;
    if (ret[0] == 0) {
        *status = cli_usage("%s: there is one version only", c->args[0]);
    }
    return ret[0] > 0;
}

static int version_json(struct cli *c, struct sy_view dataset, uint64_t version, json_t **ret)
{
    struct sy_described row;
    struct sy_entry e;
    struct sy_view bytes;
    int status = cli_entry_version(c, dataset, version, &row, &e, &bytes);
    if (status == 0 && bytes.n == 0) {
        return cli_usage("%.*s: there is no version %" PRIu64 " that you may see", SY_PV(dataset),
                         version);
    }
    *ret = status == 0 ? cli_entry_json(&e) : NULL;
    return status;
}

int cli_catalog_diff(struct cli *c)
{
    struct sy_view bytes = {0};
    struct sy_entry_row row;
    uint64_t versions[2];
    json_t *sides[2] = {NULL, NULL};
    if (c->n_args != 1 && c->n_args != 3) {
        return cli_usage("give one dataset, and two versions or none");
    }
    struct sy_view dataset = sy_view_str(c->args[0]);
    int status = cli_find(c, "entry/", dataset, &bytes);
    if (status != 0) {
        return status;
    }
    if (bytes.p == NULL || !sy_ok(sy_record_decode(&sy_entry_row_desc, bytes, &SY_MP_REQUEST,
                                                   &c->arena, &row, NULL))) {
        return cli_usage("%s: it is not in the catalogue", c->args[0]);
    }
    if (!which(c, &row, versions, &status)) {
        return status;
    }
    for (size_t i = 0; status == 0 && i < 2; i++) {
        status = version_json(c, dataset, versions[i], &sides[i]);
    }
    struct diff d = {.c = c, .list = c->json ? json_array() : NULL};
    if (status == 0) {
        compare(&d, "", sides[0], sides[1]);
    }
    json_decref(sides[0]);
    json_decref(sides[1]);
    if (status != 0) {
        json_decref(d.list);
        return status;
    }
    if (c->json) {
        return cli_print_json(d.list);
    }
    cli_say(c, "version %" PRIu64 " to %" PRIu64 "; differences: %zu\n", versions[0], versions[1],
            d.n);
    return 0;
}
