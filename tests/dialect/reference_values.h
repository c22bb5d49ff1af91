/*
 * Different values, by the words of wire/plan.h: each unit gives a cell at most `rows` of its own values
 * there, those of lowest rank; a cell counts the different ones of all units.
 */
#ifndef DIALECT_REFERENCE_VALUES_H
#define DIALECT_REFERENCE_VALUES_H

#include "wire/plan_type.h"

/* One value that one row of a unit has in a cell. */
struct ref_value {
    size_t figure;
    uint64_t unit;
    uint64_t key[SY_PLAN_KEYS_MAX];
    uint64_t rank; /* of the value among the unit's */
    int64_t x;
};

/* Leave each unit its first `rows` different values in each cell; returns how many are left. */
size_t ref_values_bound(struct ref_value *v, size_t n, size_t n_keys, uint64_t rows);

/* Order what is left by figure, cell and value, each value of a cell once; returns how many. */
size_t ref_values_merge(struct ref_value *v, size_t n, size_t n_keys);

/* Different values of a figure in a cell, of merged ones. */
uint64_t ref_values_count(const struct ref_value *v, size_t n, size_t n_keys, size_t figure,
                          const uint64_t *key);

#endif
