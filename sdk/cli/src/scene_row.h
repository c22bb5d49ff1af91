/* What the rows of a scene say of its way to a grant and of what stops it, read by key. */
#ifndef CLI_SCENE_ROW_H
#define CLI_SCENE_ROW_H

#include <jansson.h>

#include "cli/cli.h"

/* A review or a comment; step: first_review, consent, final_review, comment. */
struct scene_act {
    uint64_t entry;
    struct sy_view party, step, decision; /* of comments: step only */
};

struct scene_hold {
    uint64_t entry;
    struct sy_view party, ground;
};

struct scene_row {
    struct sy_view status, turn; /* turn: empty when nobody's */
    int64_t due;                 /* 0: it does not lapse */
    struct scene_act *acts;      /* by entry */
    size_t n_acts;
    struct scene_hold *holds;
    size_t n_holds;
};

/* Of a row under proposal/ or grant/. False when it does not read. Everything lives in c->arena. */
bool scene_row_read(struct cli *c, struct sy_view row, struct scene_row *ret);

/* Lines about it, after the others of `scene show`; and its members for --json. */
void scene_row_print(struct cli *c, const struct scene_row *r);
void scene_row_json(json_t *into, const struct scene_row *r);

#endif
