#include "attack.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed, state;

bool attack_full(void)
{
    const char *full = getenv("SHUYU_FULL");
    return full != NULL && strcmp(full, "1") == 0;
}

size_t attack_number(size_t reduced, size_t full)
{
    return attack_full() ? full : reduced;
}

uint64_t attack_seed(void)
{
    return seed;
}

/* splitmix64 */
uint64_t attack_bits(void)
{
    state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = state;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

double attack_unit(void)
{
    return (double)(attack_bits() >> 11) / (double)(UINT64_C(1) << 53);
}

uint64_t attack_below(uint64_t n)
{
    return attack_bits() % n; /* n is tiny beside 2^64 */
}

double attack_normal(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

/* Balle, Wang 2018, theorem 8. */
double attack_gauss_delta(double epsilon, double mu)
{
    return attack_normal(mu / 2 - epsilon / mu) -
           exp(epsilon) * attack_normal(-mu / 2 - epsilon / mu);
}

struct attack_verdict attack_at_most(const char *figure, double value, double limit)
{
    return (struct attack_verdict){figure, value, limit, value <= limit};
}

static void read_seed(void)
{
    const char *text = getenv("SHUYU_SEED");
    seed = text == NULL ? 0 : strtoull(text, NULL, 10);
    while (seed == 0) {
        seed = randombytes_random();
    }
    state = seed;
}

static const struct attack *find(int argc, char **argv, const struct attack *attacks, size_t n)
{
    for (size_t i = 0; argc == 2 && i < n; i++) {
        if (strcmp(argv[1], attacks[i].id) == 0) {
            return &attacks[i];
        }
    }
    fprintf(stderr, "usage: %s ID, one of", argv[0]);
    for (size_t i = 0; i < n; i++) {
        fprintf(stderr, " %s", attacks[i].id);
    }
    fputc('\n', stderr);
    return NULL;
}

int attack_main(int argc, char **argv, const struct attack *attacks, size_t n)
{
    const struct attack *a = find(argc, argv, attacks, n);
    if (a == NULL || sodium_init() < 0) {
        return 2;
    }
    read_seed();
    struct attack_verdict v = a->run();
    printf("{\"id\":\"%s\",\"title\":\"%s\",\"figure\":\"%s\",\"value\":%.9g,\"limit\":%.9g,"
           "\"pass\":%s,\"seed\":%llu}\n",
           a->id, a->title, v.figure, v.value, v.limit, v.pass ? "true" : "false",
           (unsigned long long)seed);
    return 0;
}
