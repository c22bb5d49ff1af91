/*
 * The frame of an attack that runs inside one process: which attack is asked for, chance from one seed, and
 * the one line of JSON that tells the figure (tests/attack/attack.py). A program knows neither which build
 * it faces nor whether a weakness is on.
 */
#ifndef ATTACK_H
#define ATTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What came of it: pass is the program's own verdict, usually value <= limit. */
struct attack_verdict {
    const char *figure; /* what value is, in plain words */
    double value, limit;
    bool pass;
};

struct attack {
    const char *id, *title;
    struct attack_verdict (*run)(void);
};

/* main of a program that carries out these attacks: PROGRAM ID. 0: carried out, whatever the verdict. */
int attack_main(int argc, char **argv, const struct attack *attacks, size_t n);

/* value <= limit. */
struct attack_verdict attack_at_most(const char *figure, double value, double limit);

/* Full numbers (SHUYU_FULL=1), or those of the default suite. */
bool attack_full(void);
size_t attack_number(size_t reduced, size_t full);

/* Of SHUYU_SEED, or drawn when there is none; what is printed. */
uint64_t attack_seed(void);

/* Chance from the seed: 64 random bits; uniform in [0, 1); 0 .. n - 1. */
uint64_t attack_bits(void);
double attack_unit(void);
uint64_t attack_below(uint64_t n);

/* P(N(0, 1) <= x). */
double attack_normal(double x);

/* The smallest delta for which N(0, 1) and N(mu, 1) are (epsilon, delta)-indistinguishable. */
double attack_gauss_delta(double epsilon, double mu);

#endif
