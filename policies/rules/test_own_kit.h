/* Steps of the life of a developer's own data, each with sound arguments: acme's own.events, which is as the kit's events
 * but for its owner, under a pack that lets it be fused and sold. */
#ifndef RULES_TEST_OWN_KIT_H
#define RULES_TEST_OWN_KIT_H

#include "test_product_kit.h"
#include "test_scheme_scene_kit.h"
#include "wire/own.h"

enum { OWN_BYTES = 1000, OWN_BYTES_MAX = 5000, OWN_GRADE = 3 };

#define OWN_ID "own.events"

struct sy_pack *own_pack(struct kit *k, uint64_t version);
/* scene_begin, and a pack with sections for scenes, fusion and products. */
void own_begin(struct kit *k);
struct sy_own *own_record(struct kit *k);
int32_t own_define_by(struct kit *k, const char *party, const struct sy_own *a);
int32_t own_define(struct kit *k, const struct sy_own *a);

/* scene_proposal over the kit's datasets and own.events, which its application names. */
struct sy_proposal *own_proposal(struct kit *k);
/* Begun, defined, applied for, granted: k->grant. */
void own_granted(struct kit *k);

int32_t own_confirm(struct kit *k, const char *decision);
/* Part `part` of `parts`; held: what the warden then holds. */
struct rules_request *own_part(struct kit *k, uint64_t part, uint64_t parts);
int32_t own_put_with(struct kit *k, uint64_t part, uint64_t parts,
                     const struct sy_own_staged *held);
int32_t own_put(struct kit *k, uint64_t part, uint64_t parts); /* sound, and in order */
int32_t own_publish(struct kit *k);
int32_t own_erased(struct kit *k);
/* Granted, confirmed, all parts in, published. */
void own_loaded_domain(struct kit *k);

struct sy_own_row own_row(struct kit *k);

/* kit_plan over own.events in place of events; and its model registered and approved. */
struct sy_plan *own_plan(struct kit *k);
void own_model(struct kit *k);
int32_t own_run(struct kit *k, const char *age);

/* cmocka's setup and teardown: a struct product_kit, whose domain comes first. */
int own_setup(void **state);
int own_teardown(void **state);
/* Does the last verdict's reason say so? */
bool own_says(struct kit *k, const char *what);
void own_status_is(struct kit *k, const char *status);
/* own_proposal, for another scene. */
struct sy_proposal *own_other_scene(struct kit *k);

#endif
