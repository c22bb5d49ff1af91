/* Private to the commands about products: a product as the domain's rows show it. */
#ifndef CLI_PRODUCT_H
#define CLI_PRODUCT_H

#include "cli/out.h"
#include "wire/product.h"

/* One row, and what it says; views live in the arena. */
struct cli_product {
    uint8_t id[32];
    char hex[65];
    struct sy_product_row row;
    struct sy_product def;
};

/* The row of a product by bytes. False when it does not read, or is not of this id (then the domain shows another
 * product than the id says). */
bool cli_product_read(struct cli *c, struct sy_view id, struct sy_view row,
                      struct cli_product *ret);

/* The product that the first argument names, by id or prefix. 0, or an exit status after printing why. */
int cli_product_arg(struct cli *c, struct cli_product *ret);

/* Fen as yuan: "12.00". In the arena. */
const char *cli_yuan(struct cli *c, uint64_t fen);

#endif
