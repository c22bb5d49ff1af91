/*
 * The hostile corpus, tests/dialect/hostile/NAME.txt: one case a line, CODE TAB TAGS TAB SQL; TAGS are the
 * attacks of docs/privacy/attacks.md it belongs to, separated by commas. CODE `accepted` is allowed for a
 * case that only looks hostile. Lines "@key value" set the block for those that follow in the file:
 * mechanism, groups, rows, rho, delta. "#" is a comment. mutations.txt is not read here.
 */
#ifndef DIALECT_HOSTILE_H
#define DIALECT_HOSTILE_H

#include "base/arena.h"
#include "wire/methods.h"

struct hostile {
    const char *code, *tags, *where; /* where: file, line and tags */
    struct sy_model_def model;       /* of one block */
};

struct hostiles {
    struct sy_arena arena;
    struct hostile *cases; /* by file name, then by line */
    size_t n;
};

/* Everything below the source root. */
void hostiles_read(struct hostiles *h, const char *root);
void hostiles_free(struct hostiles *h);

/* Does it belong to this attack? */
bool hostile_is(const struct hostile *h, const char *tag);

#endif
