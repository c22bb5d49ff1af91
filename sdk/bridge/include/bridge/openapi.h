/*
 * The interface of a product, generated from its schema as the domain published it: an OpenAPI 3.1 document for
 * the buyer's own programs. Nothing in it is written by hand: parameters with their declared values, columns of the
 * answer with title, measure and mechanism, price, purpose and codes are the product's.
 *
 * Threads: pure functions. Source: OpenAPI 3.1.0; JSON Schema 2020-12; RFC 9457.
 */
#ifndef BRIDGE_OPENAPI_H
#define BRIDGE_OPENAPI_H

#include <jansson.h>

#include "bridge/shelf.h"

/* The document of one product, or (product NULL) of the whole shelf. server: "http://127.0.0.1:8470". NULL: out of
 * memory. */
json_t *bridge_openapi(const struct bridge_shelf *shelf, const struct bridge_product *product,
                       const char *server);

/* One product as GET /products lists it; NULL: out of memory. */
json_t *bridge_product_json(const struct bridge_product *p);

/* The schema of a call's body, and of its answer; NULL: out of memory. */
json_t *bridge_schema_call(const struct bridge_product *p);
json_t *bridge_schema_answer(const struct bridge_product *p);

#endif
