/*
 * What: a scene's row as people see it: whose turn it is, until when, who said what in which entry, who holds it.
 * Rows are read by key, so that the command line needs no record of the rules.
 */
#include "scene_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "cli/out.h"

static struct sy_view text_of(struct cli *c, const msgpack_object *map, const char *key)
{
    struct sy_view v = {0};
    const msgpack_object *o = sy_mp_get(map, key);
    return o != NULL && sy_mp_str(o, &v) ? sy_arena_copy(&c->arena, v) : (struct sy_view){0};
}

static uint64_t number_of(const msgpack_object *map, const char *key)
{
    uint64_t n = 0;
    const msgpack_object *o = sy_mp_get(map, key);
    return o != NULL && sy_mp_u64(o, &n) ? n : 0;
}

/* The member's list; NULL when it has none. */
static const msgpack_object_array *list_of(const msgpack_object *map, const char *key)
{
    const msgpack_object *o = sy_mp_get(map, key);
    return o != NULL && o->type == MSGPACK_OBJECT_ARRAY ? &o->via.array : NULL;
}

static size_t length(const msgpack_object_array *a)
{
    return a == NULL ? 0 : a->size;
}

static int by_entry(const void *p, const void *q)
{
    const struct scene_act *a = p, *b = q;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

static bool read_acts(struct cli *c, const msgpack_object *root, struct scene_row *ret)
{
    const msgpack_object_array *reviews = list_of(root, "reviews");
    const msgpack_object_array *comments = list_of(root, "comments");
    ret->acts =
        sy_arena_alloc(&c->arena, length(reviews) + length(comments) + 1, sizeof(*ret->acts));
    if (ret->acts == NULL) {
        return false;
    }
    for (size_t i = 0; i < length(reviews); i++) {
        const msgpack_object *r = &reviews->ptr[i];
        ret->acts[ret->n_acts++] = (struct scene_act){.entry = number_of(r, "entry"),
                                                      .party = text_of(c, r, "party"),
                                                      .step = text_of(c, r, "step"),
                                                      .decision = text_of(c, r, "decision")};
    }
    for (size_t i = 0; i < length(comments); i++) {
        struct scene_act *a = &ret->acts[ret->n_acts++];
        *a = (struct scene_act){.step = sy_view_str("comment")};
        if (!sy_mp_u64(&comments->ptr[i], &a->entry)) {
            return false;
        }
    }
    if (ret->n_acts > 1) {
        qsort(ret->acts, ret->n_acts, sizeof(*ret->acts), by_entry);
    }
    return true;
}

static bool read_holds(struct cli *c, const msgpack_object *root, struct scene_row *ret)
{
    const msgpack_object_array *holds = list_of(root, "holds");
    ret->holds = sy_arena_alloc(&c->arena, length(holds) + 1, sizeof(*ret->holds));
    for (size_t i = 0; ret->holds != NULL && i < length(holds); i++) {
        const msgpack_object *h = &holds->ptr[i];
        ret->holds[ret->n_holds++] = (struct scene_hold){.entry = number_of(h, "entry"),
                                                         .party = text_of(c, h, "party"),
                                                         .ground = text_of(c, h, "ground")};
    }
    return ret->holds != NULL;
}

bool scene_row_read(struct cli *c, struct sy_view row, struct scene_row *ret)
{
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    *ret = (struct scene_row){0};
    if (!sy_ok(sy_mp_open(row, &SY_MP_LARGE, &doc, NULL))) {
        return false;
    }
    const msgpack_object *due = sy_mp_get(&doc.root, "due");
    if (due != NULL && !sy_mp_i64(due, &ret->due)) {
        return false;
    }
    ret->status = text_of(c, &doc.root, "status");
    ret->turn = text_of(c, &doc.root, "turn");
    return ret->status.n > 0 && read_acts(c, &doc.root, ret) && read_holds(c, &doc.root, ret);
}

void scene_row_print(struct cli *c, const struct scene_row *r)
{
    char until[21];
    if (r->turn.n > 0) {
        sy_time_format(r->due, until);
        printf("turn       %.*s, until %s%s\n", SY_PV(r->turn), r->due > 0 ? until : "decided",
               r->due > 0 && sy_now_s() > r->due ? " (lapsed)" : "");
    }
    for (size_t i = 0; i < r->n_holds; i++) {
        printf("held       by %.*s (%.*s), entry %" PRIu64 "\n", SY_PV(r->holds[i].party),
               SY_PV(r->holds[i].ground), r->holds[i].entry);
    }
    if (r->n_acts > 0) {
        cli_say(c, "%zu reviews and comments: see 'shuyu scene comment'\n", r->n_acts);
    }
}

void scene_row_json(json_t *into, const struct scene_row *r)
{
    json_t *holds = json_array();
    for (size_t i = 0; i < r->n_holds; i++) {
        json_array_append_new(holds,
                              json_pack("{s:o,s:o,s:I}", "party", cli_json_text(r->holds[i].party),
                                        "ground", cli_json_text(r->holds[i].ground), "entry",
                                        (json_int_t)r->holds[i].entry));
    }
    if (r->turn.n > 0) {
        json_object_set_new(into, "turn", cli_json_text(r->turn));
    }
    if (r->due > 0) {
        json_object_set_new(into, "due", json_integer(r->due));
    }
    if (r->n_holds > 0) {
        json_object_set(into, "holds", holds);
    }
    json_decref(holds);
}
