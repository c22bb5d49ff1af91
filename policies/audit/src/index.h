/*
 * Inside the index: SQLite handles, and the names in memory.
 */
#ifndef AUDIT_SRC_INDEX_H
#define AUDIT_SRC_INDEX_H

#include <sqlite3.h>

#include "audit/index.h"

/* Statements that are prepared once. */
enum index_stmt {
    INDEX_ADD_NAME = 0,
    INDEX_ADD_ENTRY,
    INDEX_ADD_ABOUT,
    INDEX_ADD_PARTY,
    INDEX_ADD_GRANT,
    INDEX_ADD_GRANT_DATASET,
    INDEX_ADD_MODEL,
    INDEX_ADD_KEY,
    INDEX_ADD_SIGNED,
    INDEX_GRANT_DATASETS,
    INDEX_LINKED,
    INDEX_COPY_ABOUT,
    INDEX_STMT_N
};

struct index_slot; /* a name and its number (index_names.c) */

/* What later entries ask about a name, so that they need not ask the file: the role of a party, the scene of a
 * grant, the grant of a model, the member whose key it is. */
enum index_trait { INDEX_ROLE = 0, INDEX_SCENE, INDEX_GRANT, INDEX_MEMBER, INDEX_TRAITS };
struct index_traits {
    int64_t of[INDEX_TRAITS]; /* INDEX_NULL: none */
};

struct audit_index {
    sqlite3 *db;
    sqlite3_stmt *stmts[INDEX_STMT_N];
    struct index_slot *slots; /* open addressing; n_slots is a power of two */
    size_t n_slots, n_names;
    struct sy_arena texts; /* of the names */
    struct sy_buf traits;  /* struct index_traits of name 1, 2, ... */
    struct proof_checkpoint tree;
    char origin[PROOF_NAME_MAX + 1];
    uint64_t
        n_signed; /* entries of the last log, as its checkpoint states; tree.size counts all logs */
    uint64_t n_new;
};

/* An SQLite failure as ours: its message for the reason. */
sy_status index_fail(const struct audit_index *x, struct sy_error *err);

/* Run statements without parameters and results. */
SY_MUST sy_status index_exec(struct audit_index *x, const char *sql, struct sy_error *err);

/* The statement, reset, with these numbers bound from 1 on; INDEX_NULL binds NULL. */
#define INDEX_NULL INT64_MIN
sqlite3_stmt *index_bind(struct audit_index *x, enum index_stmt which, const int64_t *numbers,
                         size_t n);
/* Bind and step a statement that gives no row. */
SY_MUST sy_status index_put(struct audit_index *x, enum index_stmt which, const int64_t *numbers,
                            size_t n, struct sy_error *err);

/* The number of a name, given it when it is new; INDEX_NULL for the empty text. */
SY_MUST sy_status index_name(struct audit_index *x, struct sy_view text, int64_t *ret,
                             struct sy_error *err);
/* The number of a name that is there; INDEX_NULL: it is not. */
int64_t index_known(const struct audit_index *x, struct sy_view text);
/* A trait of a name, INDEX_NULL for none; and to give it one, the first time. */
int64_t index_trait(const struct audit_index *x, int64_t name, enum index_trait trait);
void index_trait_set(struct audit_index *x, int64_t name, enum index_trait trait, int64_t value);

/* The names that the file has, and their traits. */
SY_MUST sy_status index_names_load(struct audit_index *x, struct sy_error *err);

/* Take in who of a party's staff signed the entry, and the keys that it gives to a member (index_staff.c). */
SY_MUST sy_status index_take_staff(struct audit_index *x, uint64_t i, const struct audit_record *r,
                                   struct sy_arena *arena, struct sy_error *err);

/* Take in one entry. */
SY_MUST sy_status index_take(struct audit_index *x, uint64_t i, const struct audit_record *r,
                             struct sy_arena *arena, struct sy_error *err);

#endif
