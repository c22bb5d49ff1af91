/* A row and what it has in common with the nodes of the tree. Private to state.c and state_tree.c. */
#ifndef RULES_STATE_ROW_H
#define RULES_STATE_ROW_H

#include <stdint.h>

struct item {
    uint32_t refs; /* nodes, trees, effects and seals that hold it */
    uint8_t is_row;
    uint8_t pooled; /* its memory is a pool's */
    uint16_t n_key; /* of a row; RULES_KEY_MAX fits */
};

struct row_record; /* how a row decodes (state.c) */

struct state_row {
    struct item item;
    uint32_t n_value;
    uint32_t reads;          /* so far, of a state that remembers */
    struct row_record *seen; /* NULL: not kept */
    uint8_t bytes[];         /* key, then value */
};

#endif
