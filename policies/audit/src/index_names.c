/*
 * What: texts to numbers, in memory, so that an entry of a known party costs no search in the file.
 * Invariant: numbers ascend from 1 in the order of first appearance, whichever run saw them.
 */
#include <stdlib.h>

#include "index.h"

enum { SLOTS_MIN = 1024 };

struct index_slot {
    struct sy_view text;
    int64_t id; /* 0: free */
};

/* FNV-1a. Nobody gains by making names collide: the log is the auditor's to refuse. */
static size_t hash(struct sy_view v)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < v.n; i++) {
        h = (h ^ v.p[i]) * 0x100000001b3u;
    }
    return (size_t)(h ^ h >> 32);
}

static struct index_slot *slot_of(struct index_slot *slots, size_t n, struct sy_view text)
{
    size_t i = hash(text) & (n - 1);
    while (slots[i].id != 0 && !sy_view_eq(slots[i].text, text)) {
        i = (i + 1) & (n - 1);
    }
    return &slots[i];
}

/* At most half of the slots are taken. */
static sy_status make_room(struct audit_index *x, struct sy_error *err)
{
    if (2 * x->n_names < x->n_slots) {
        return SY_OK;
    }
    size_t n = x->n_slots == 0 ? SLOTS_MIN : 2 * x->n_slots;
    struct index_slot *slots = calloc(n, sizeof(*slots));
    if (slots == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < x->n_slots; i++) {
        if (x->slots[i].id != 0) {
            *slot_of(slots, n, x->slots[i].text) = x->slots[i];
        }
    }
    free(x->slots);
    x->slots = slots;
    x->n_slots = n;
    return SY_OK;
}

static sy_status remember(struct audit_index *x, struct sy_view text, int64_t id,
                          struct sy_error *err)
{
    SY_TRY(make_room(x, err));
    struct index_slot *s = slot_of(x->slots, x->n_slots, text);
    s->text = sy_arena_copy(&x->texts, text);
    if (s->text.p == NULL) {
        return sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    }
    s->id = id;
    x->n_names++;
    struct index_traits none = {{INDEX_NULL, INDEX_NULL, INDEX_NULL, INDEX_NULL}};
    return sy_buf_add(&x->traits, &none, sizeof(none));
}

static struct index_traits *traits_of(const struct audit_index *x, int64_t name)
{
    bool there = name >= 1 && (uint64_t)name <= x->n_names;
    return there ? (struct index_traits *)(void *)x->traits.p + (name - 1) : NULL;
}

int64_t index_trait(const struct audit_index *x, int64_t name, enum index_trait trait)
{
    const struct index_traits *t = traits_of(x, name);
    return t == NULL ? INDEX_NULL : t->of[trait];
}

void index_trait_set(struct audit_index *x, int64_t name, enum index_trait trait, int64_t value)
{
    struct index_traits *t = traits_of(x, name);
    if (t != NULL && t->of[trait] == INDEX_NULL) {
        t->of[trait] = value;
    }
}

int64_t index_known(const struct audit_index *x, struct sy_view text)
{
    const struct index_slot *s = x->n_slots == 0 ? NULL : slot_of(x->slots, x->n_slots, text);
    return s == NULL || s->id == 0 ? INDEX_NULL : s->id;
}

sy_status index_name(struct audit_index *x, struct sy_view text, int64_t *ret, struct sy_error *err)
{
    *ret = INDEX_NULL;
    if (text.n == 0) {
        return SY_OK;
    }
    SY_TRY(make_room(x, err));
    const struct index_slot *s = slot_of(x->slots, x->n_slots, text);
    if (s->id != 0) {
        *ret = s->id;
        return SY_OK;
    }
    *ret = (int64_t)x->n_names + 1;
    SY_TRY(remember(x, text, *ret, err));
    sqlite3_stmt *add = index_bind(x, INDEX_ADD_NAME, ret, 1);
    sqlite3_bind_text(add, 2, (const char *)text.p, (int)text.n, SQLITE_STATIC);
    int code = sqlite3_step(add);
    sqlite3_reset(add);
    return code == SQLITE_DONE ? SY_OK : index_fail(x, err);
}

static sy_status load_texts(struct audit_index *x, struct sy_error *err)
{
    sqlite3_stmt *all = NULL;
    sy_status s = SY_OK;
    int code = sqlite3_prepare_v2(x->db, "SELECT id, text FROM name ORDER BY id", -1, &all, NULL);
    while (code == SQLITE_OK && sy_ok(s) && sqlite3_step(all) == SQLITE_ROW) {
        int n = sqlite3_column_bytes(all, 1);
        if (sqlite3_column_int64(all, 0) != (int64_t)x->n_names + 1 || n <= 0) {
            s = sy_fail(err, SY_E_TAMPERED, "index", "its names are out of order: use --rebuild");
            break;
        }
        s = remember(x, sy_view(sqlite3_column_text(all, 1), (size_t)n), (int64_t)x->n_names + 1,
                     err);
    }
    sqlite3_finalize(all);
    return code == SQLITE_OK ? s : index_fail(x, err);
}

static sy_status load_traits(struct audit_index *x, const char *sql, enum index_trait trait,
                             struct sy_error *err)
{
    sqlite3_stmt *all = NULL;
    int code = sqlite3_prepare_v2(x->db, sql, -1, &all, NULL);
    while (code == SQLITE_OK && sqlite3_step(all) == SQLITE_ROW) {
        if (sqlite3_column_type(all, 1) != SQLITE_NULL) {
            index_trait_set(x, sqlite3_column_int64(all, 0), trait, sqlite3_column_int64(all, 1));
        }
    }
    sqlite3_finalize(all);
    return code == SQLITE_OK ? SY_OK : index_fail(x, err);
}

sy_status index_names_load(struct audit_index *x, struct sy_error *err)
{
    SY_TRY(load_texts(x, err));
    SY_TRY(load_traits(x, "SELECT id, role FROM party", INDEX_ROLE, err));
    SY_TRY(load_traits(x, "SELECT id, scene FROM grant_", INDEX_SCENE, err));
    SY_TRY(load_traits(x, "SELECT id, member FROM key_", INDEX_MEMBER, err));
    return load_traits(x, "SELECT id, grant_ FROM model", INDEX_GRANT, err);
}
