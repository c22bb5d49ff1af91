/*
 * Attacks by cell keys on one person, chosen by chance, by somebody who knows everybody's town, age, day of
 * birth and fee, and nobody's secret bit, which is true for half. The attacker looks for two questions whose
 * people differ by the victim alone: the same people have the same noise, so the cell that changed is the
 * victim's. Every victim has a namespace of its own and the whole budget of cells. When a question is refused, or
 * neither cell or both changed, nothing was told and one guesses. A pass is five points above guessing, four
 * standard errors taken into account.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"
#include "cells.h"

enum { PEOPLE = 4000, BANDS = 4, VICTIMS = 60, SEASON = 15, TRIES = 4000 };
static const double BASELINE = 0.5, POINTS = 0.05;

/* Two questions, and what else must happen between them. */
struct pair {
    struct cells_question a, b;
    bool admission; /* the victim comes after the first answer */
};

/* One way to set a victim apart; false: not this one. */
typedef bool way_fn(const struct cells *c, const struct cells_person *victim, struct pair *ret);

static size_t people(void)
{
    return attack_number(PEOPLE, 2 * PEOPLE);
}

/* A victim's town, and its quarter of all ages: some 170 people. */
static struct cells_question around(const struct cells_person *victim)
{
    struct cells_question q = cells_all();
    int64_t width = (CELLS_AGE_MAX + 1 + BANDS - 1) / BANDS;
    q.age[0] = victim->age / width * width;
    q.age[1] = q.age[0] + width - 1 > CELLS_AGE_MAX ? CELLS_AGE_MAX : q.age[0] + width - 1;
    q.town = victim->town;
    q.by_male = true;
    return q;
}

/* --- one field differs -------------------------------------------------------------------------------------------- */

static bool by_the_day(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    (void)c;
    ret->b.not_born = victim->born;
    return true;
}

/* Thirty days and more, which somebody promised to hold enough people, though not in this town. */
static bool by_a_season(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    (void)c;
    ret->b.born[0] = victim->born > SEASON ? victim->born + SEASON : 2 * SEASON;
    return true;
}

static bool by_the_older(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    (void)c;
    ret->b.born[1] = victim->born - 1;
    return victim->born > 0;
}

/* The general tracker: the days before and after the victim's, asked for with and without it as a union. */
static bool by_a_union(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    struct cells_list *days = &ret->a.days;
    for (size_t i = 0; i < c->n_people && days->n + 1 < CELLS_LIST; i++) {
        const struct cells_person *p = &c->people[i];
        if (p != victim && p->born != victim->born && cells_about(&ret->b, p)) {
            days->v[days->n++] = p->born;
        }
    }
    ret->b.days = *days;
    days->v[days->n++] = victim->born;
    return true;
}

/* --- several fields differ: dummies, which change nothing for anybody there ------------------------------------------ */

/* Narrow the fees down to those that occur. */
static void only_fees_there(const struct cells *c, struct cells_question *q,
                            const struct cells_person *but)
{
    int64_t ret[2] = {CELLS_FEE_MAX, 0};
    for (size_t i = 0; i < c->n_people; i++) {
        const struct cells_person *p = &c->people[i];
        if (p != but && cells_about(q, p)) {
            ret[0] = p->fee < ret[0] ? p->fee : ret[0];
            ret[1] = p->fee > ret[1] ? p->fee : ret[1];
        }
    }
    memcpy(q->fee, ret, sizeof(ret));
}

/* The day, and fees that nobody around has: the second question lies within the first. */
static bool nested(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    ret->b.not_born = victim->born;
    only_fees_there(c, &ret->b, victim);
    return true;
}

static bool nested_season(const struct cells *c, const struct cells_person *victim,
                          struct pair *ret)
{
    by_a_season(c, victim, ret);
    only_fees_there(c, &ret->b, victim);
    return true;
}

/* The dummy is in the question with the victim: the two cross. */
static bool crossing(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    by_a_season(c, victim, ret);
    only_fees_there(c, &ret->a, NULL);
    return ret->a.fee[1] < CELLS_FEE_MAX || ret->a.fee[0] > 0;
}

/* The same people by their fees, and by their days of birth with the victim's among them. */
static bool two_lists(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    struct cells_list *fees = &ret->a.fees, *days = &ret->b.days;
    for (size_t i = 0; i < c->n_people && days->n < CELLS_LIST - 40; i++) {
        const struct cells_person *p = &c->people[i];
        if (p != victim && p->fee != victim->fee && p->born != victim->born &&
            cells_about(&ret->a, p)) {
            days->v[days->n++] = p->born;
        }
    }
    for (size_t i = 0; i < c->n_people && fees->n < CELLS_LIST; i++) {
        const struct cells_person *p = &c->people[i];
        if (p != victim && cells_about(&ret->b, p)) {
            fees->v[fees->n++] = p->fee;
        }
    }
    days->v[days->n++] = victim->born;
    return true;
}

/* And as keys, so that nobody is left out of either question. */
static bool two_keys(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    two_lists(c, victim, ret);
    ret->a.fees.as_key = ret->b.days.as_key = true;
    return true;
}

/* --- data versions ----------------------------------------------------------------------------------------------------- */

static bool of_a_town(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    (void)c;
    ret->a = cells_all();
    ret->a.town = victim->town;
    ret->a.by_male = true;
    ret->b = ret->a;
    ret->admission = true;
    return true;
}

static bool of_a_part(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    (void)c;
    (void)victim;
    ret->admission = true;
    return true;
}

static bool of_all(const struct cells *c, const struct cells_person *victim, struct pair *ret)
{
    of_a_town(c, victim, ret);
    ret->a.town = ret->b.town = -1;
    return true;
}

/* --- carried out --------------------------------------------------------------------------------------------------------- */

static bool has_list_key(const struct cells_question *q)
{
    return (q->fees.n > 0 && q->fees.as_key) || (q->days.n > 0 && q->days.as_key);
}

/* In the last two cells, which are those of both sexes: of whom is asked about, or has what is listed. */
static bool counts(const struct cells_question *q, const struct cells_person *p)
{
    return cells_about(q, p) && (!has_list_key(q) || cells_of(q, p) >= 2);
}

/* Is the victim the only one in the one question and not in the other? Or on the way, and nobody is. */
static bool is_alone(const struct cells *c, const struct pair *pair,
                     const struct cells_person *victim)
{
    bool alone = pair->admission || counts(&pair->a, victim) != counts(&pair->b, victim);
    for (size_t i = 0; alone && i < c->n_people; i++) {
        const struct cells_person *p = &c->people[i];
        alone = p == victim || counts(&pair->a, p) == counts(&pair->b, p);
    }
    return alone;
}

/* The victim's bit from two answers: the cell that changed. -1: nothing is told. */
static int which_changed(const struct pair *pair, const struct cells_answer *a,
                         const struct cells_answer *b)
{
    size_t last[2] = {cells_in(&pair->a), cells_in(&pair->b)};
    bool same[2];
    for (size_t i = 0; i < 2; i++) {
        size_t x = last[0] - 2 + i, y = last[1] - 2 + i;
        if (a->withheld[x] || b->withheld[y]) {
            return -1;
        }
        same[i] = a->n[x] == b->n[y];
    }
    return same[0] == same[1] ? -1 : same[0] ? 1 : 0;
}

/* Both questions, with whatever comes between them; -1: refused, or nothing is told. */
static int guess(struct cells *c, const struct pair *pair, struct cells_person *victim)
{
    struct cells_answer a, b;
    struct cells_person who = *victim;
    if (pair->admission) { /* not there yet */
        *victim = c->people[--c->n_people];
    }
    if (cells_ask(c, &pair->a, &a) != 0) {
        return -1;
    }
    if (pair->admission) {
        c->people[c->n_people++] = who;
        cells_publish(c);
    }
    return cells_ask(c, &pair->b, &b) != 0 ? -1 : which_changed(pair, &a, &b);
}

/* What came of many attacks. */
struct tally {
    size_t told;   /* something was said about the victim */
    size_t nobody; /* in this world, nobody was found who could be set apart in this way */
};

/* 1: found out; 0: taken in; 1/2: nothing was told, and one guesses. */
static double one_victim(struct cells *c, way_fn *way, struct tally *tally)
{
    for (size_t tries = 0; tries < TRIES; tries++) {
        struct cells_person *victim = &c->people[attack_below(c->n_people)];
        struct pair pair = {.a = around(victim), .b = around(victim)};
        bool male = victim->male;
        if (way(c, victim, &pair) && is_alone(c, &pair, victim)) {
            int bit = guess(c, &pair, victim);
            tally->told += bit >= 0;
            return bit < 0 ? BASELINE : (bit == 1) == male ? 1 : 0;
        }
    }
    tally->nobody++;
    return BASELINE;
}

/* Victims by turns in each way; the worst way counts. */
static struct attack_verdict about_victims(way_fn *const *ways, size_t n_ways)
{
    double worst = 0;
    size_t n = attack_number(VICTIMS, 12 * VICTIMS);
    for (size_t w = 0; w < n_ways; w++) {
        double sum = 0;
        struct tally tally = {0};
        for (size_t i = 0; i < n; i++) {
            struct cells c;
            cells_open(&c, people(), 1000);
            sum += one_victim(&c, ways[w], &tally);
            cells_close(&c);
        }
        /* of the worlds with a victim: the others must not dilute what was found out */
        double worlds = fmax(1, (double)(n - tally.nobody));
        double accuracy = (sum - BASELINE * (double)tally.nobody) / worlds;
        double error = sqrt(0.25 * (double)tally.told) / worlds;
        fprintf(stderr, "way %zu: %.3f of %zu, %zu told, %zu without a victim\n", w, accuracy, n,
                tally.told, tally.nobody);
        if (tally.nobody * 2 > n) {
            fail_msg("way %zu finds hardly any victims: it is no attack", w);
        }
        worst = fmax(worst, accuracy - 4 * error);
    }
    return attack_at_most("accuracy about a victim, best way, less four standard errors", worst,
                          BASELINE + POINTS);
}

static struct attack_verdict t01(void)
{
    static way_fn *const ways[] = {by_the_day, by_a_season, by_the_older};
    return about_victims(ways, LEN(ways));
}

static struct attack_verdict t02(void)
{
    static way_fn *const ways[] = {by_a_union};
    return about_victims(ways, LEN(ways));
}

static struct attack_verdict t05(void)
{
    static way_fn *const ways[] = {nested, nested_season, crossing, two_lists, two_keys};
    return about_victims(ways, LEN(ways));
}

static struct attack_verdict t07(void)
{
    static way_fn *const ways[] = {of_a_town, of_a_part, of_all};
    return about_victims(ways, LEN(ways));
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"T01", "differencing two releases by cell keys", t01},
        {"T02", "tracker by cell keys", t02},
        {"T05", "layered noise: pairs with dummy conditions", t05},
        {"T07", "intersection of data versions", t07},
    };
    return attack_main(argc, argv, attacks, LEN(attacks));
}
