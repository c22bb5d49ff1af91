/*
 * Two neighbouring worlds asked for the same thing, and the verdict of votes: how much likelier is any
 * set of outcomes in one world than exp(epsilon) times in the other, beyond the delta that was paid for.
 */
#ifndef ATTACK_VOTES_H
#define ATTACK_VOTES_H

#include "charges.h"

#define VOTES_EPSILON 1.0986122886681098 /* ln 3 */

/* Google's tolerance at a million draws; it widens as the estimate does. */
double votes_tolerance(void);

/* How an attacker puts released figures together: n asks, of which he adds (+1) or subtracts (-1) each; in
 * how many of them the target counts. n_cells > 1: cells beside each other of one ask instead. */
struct votes_form {
    size_t n;
    int sign[8];
    int target[8];
    bool cells; /* n cells of one release, not n releases */
};

/* By how much the sum of max(0, p - e^epsilon q) over outcomes, both ways, exceeds the delta of what was
 * paid: the median of nine votes. All figures of the model are used as the likelihood ratio uses them. */
double votes_excess(const struct charges_model *model, const struct votes_form *form);

#endif
