/*
 * A small catalogue with everything that plan typing and unit tracking look at: several owners of a row,
 * with and without caps, of one namespace and of two, declared labels in order and not, undeclared text,
 * public tables. Shared by the tests and the fuzz target.
 */
#ifndef WIRE_TEST_PLAN_WORLD_H
#define WIRE_TEST_PLAN_WORLD_H

#include "wire/plan_type.h"

#define WORLD_V(s)                                                                                 \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

static struct sy_view world_sexes[] = {WORLD_V("m"), WORLD_V("f")};
static struct sy_view world_codes[] = {WORLD_V("A00"), WORLD_V("A01"), WORLD_V("B10"),
                                       WORLD_V("I10"), WORLD_V("I20")};

/* A birth is about the child and the mother, and happens in a hospital, which is protected too. */
static struct sy_field_def world_birth[] = {
    {.name = WORLD_V("child"), .type = WORLD_V("unit"), .ref = WORLD_V("person"), .grade = 2},
    {.name = WORLD_V("mother"),
     .type = WORLD_V("unit"),
     .ref = WORLD_V("person"),
     .grade = 2,
     .rows = 20},
    {.name = WORLD_V("place"),
     .type = WORLD_V("unit"),
     .ref = WORLD_V("hospital"),
     .grade = 2,
     .rows = 500,
     .nullable = true},
    {.name = WORLD_V("day"), .type = WORLD_V("date"), .lo = 10000, .hi = 20000, .grade = 2},
    {.name = WORLD_V("weight"),
     .type = WORLD_V("int32"),
     .lo = 300,
     .hi = 8000,
     .grade = 3,
     .nullable = true},
    {.name = WORLD_V("sex"),
     .type = WORLD_V("enum"),
     .values = world_sexes,
     .n_values = 2,
     .grade = 2},
    {.name = WORLD_V("town"), .type = WORLD_V("text"), .grade = 2},
    {.name = WORLD_V("sure"), .type = WORLD_V("bool"), .grade = 1},
};

static struct sy_field_def world_visit[] = {
    {.name = WORLD_V("person"), .type = WORLD_V("unit"), .ref = WORLD_V("person"), .grade = 2},
    {.name = WORLD_V("at"), .type = WORLD_V("date"), .lo = 15000, .hi = 20000, .grade = 2},
    {.name = WORLD_V("code"),
     .type = WORLD_V("enum"),
     .values = world_codes,
     .n_values = 5,
     .grade = 3,
     .nullable = true},
    {.name = WORLD_V("fee"),
     .type = WORLD_V("decimal"),
     .scale = 2,
     .lo = 0,
     .hi = 100000,
     .grade = 3},
};

/* Neither unit's rows are capped: each would move without bound what the other is noised for. */
static struct sy_field_def world_pair[] = {
    {.name = WORLD_V("a"), .type = WORLD_V("unit"), .ref = WORLD_V("person"), .grade = 2},
    {.name = WORLD_V("b"), .type = WORLD_V("unit"), .ref = WORLD_V("person"), .grade = 2},
};

static struct sy_field_def world_day[] = {
    {.name = WORLD_V("day"), .type = WORLD_V("date"), .lo = 0, .hi = 30000, .grade = 1},
    {.name = WORLD_V("work"), .type = WORLD_V("bool"), .grade = 1},
    {.name = WORLD_V("code"),
     .type = WORLD_V("enum"),
     .values = world_codes,
     .n_values = 5,
     .grade = 1},
    {.name = WORLD_V("title"), .type = WORLD_V("text"), .grade = 1},
    {.name = WORLD_V("seat"), .type = WORLD_V("unit"), .ref = WORLD_V("hospital"), .grade = 1},
};

static const struct sy_dataset_def world_defs[] = {
    {.id = WORLD_V("birth"),
     .fields = world_birth,
     .n_fields = 8,
     .max_rows = 10000,
     .membership = 2,
     .ns = WORLD_V("person"),
     .unit = WORLD_V("child")},
    {.id = WORLD_V("visit"),
     .fields = world_visit,
     .n_fields = 4,
     .max_rows = 100000,
     .membership = 2,
     .ns = WORLD_V("person"),
     .unit = WORLD_V("person")},
    {.id = WORLD_V("pair"),
     .fields = world_pair,
     .n_fields = 2,
     .max_rows = 100,
     .membership = 2,
     .ns = WORLD_V("person"),
     .unit = WORLD_V("a")},
    {.id = WORLD_V("day"), .fields = world_day, .n_fields = 5, .max_rows = 400, .membership = 1},
};
enum { WORLD_DEFS = sizeof world_defs / sizeof world_defs[0] };

#endif
