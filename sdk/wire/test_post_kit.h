/*
 * A small plan for tests of the post stage: blocks by hand, relations in a short notation, tables as
 * text. Expressions are written in reverse notation, "c1 c2 div i1000 mul": cN column, iN integer (i15k1:
 * 1.5), 'TEXT label, bN boolean, pN parameter, nKIND NULL; an operator is NAME[:i][/arguments]. What is
 * left on the stack are the relation's outs, in order. Tables: "a 1 10; b 2 20", - is NULL, 1|2|3 are lanes.
 */
#ifndef WIRE_TEST_POST_KIT_H
#define WIRE_TEST_POST_KIT_H

#include "check.h"

#include "wire/post.h"

enum { KIT_RELS = 132, KIT_BLOCKS = 8, KIT_OUTS = 64, KIT_PARAMS = 4 };

struct kit_key {
    const char *labels; /* "a b c"; NULL: open */
    enum sy_type_kind kind;
    bool nullable;
};

struct kit_rel {
    const char *op, *in, *e, *kind, *fns, *desc; /* in "0 1"; fns "sum avg"; desc "01" */
    unsigned keys, limit;
    const char *source;
};

struct kit {
    struct sy_arena arena;
    struct sy_plan plan;
    struct sy_plan_types types;
    struct sy_plan_block blocks[KIT_BLOCKS];
    struct sy_block_types block_types[KIT_BLOCKS];
    struct sy_plan_out outs[KIT_OUTS];
    struct sy_plan_rel rels[KIT_RELS];
    struct sy_plan_post post;
    struct sy_plan_post_out post_outs[KIT_OUTS];
    struct sy_plan_param params[KIT_PARAMS];
    uint64_t positions[KIT_PARAMS];
    struct sy_post_table tables[KIT_BLOCKS];
    size_t n_lanes;
    struct sy_post_types typed;
    struct sy_post_table answer;
    struct sy_error err;
};

/* cmocka fixtures: a kit in *state, with one lane. */
int kit_setup(void **state);
int kit_teardown(void **state);

/* A block that shows all of its keys, then n_figures figures. ns "" = exact. */
void kit_block(struct kit *k, const char *name, const char *ns, const struct kit_key *keys,
               size_t n_keys, size_t n_figures);

/* The next block, and the relation that reads it: returns the relation. */
size_t kit_source(struct kit *k, const char *name, const char *ns, const struct kit_key *keys,
                  size_t n_keys, size_t n_figures);

/* A parameter with values "a b c". */
void kit_param(struct kit *k, const char *name, const char *kind, const char *values);

size_t kit_add(struct kit *k, struct kit_rel r);
#define KIT(k, ...) kit_add((k), (struct kit_rel){__VA_ARGS__})

/* The table of block b. */
void kit_table(struct kit *k, size_t b, const char *text);

/* Every column of the last relation is one of the answer. */
sy_status kit_type(struct kit *k);
sy_status kit_run(struct kit *k);

/* Type and run; the answer in this lane is `text`, numbers within 1e-12 relative. */
void kit_expect(struct kit *k, size_t lane, const char *text);

/* Typing is refused, at this field and with this in its reason. */
void kit_refused(struct kit *k, const char *field, const char *reason);

double kit_number(const struct kit *k, size_t row, size_t col, size_t lane);

struct sy_view kit_text(struct kit *k, const char *s);

#endif
