/*
 * Attacks on the noise of cell keys with all that the attacker may ask: everybody's town, age, day of birth and
 * fee are known, one bit is secret and true for half, so guessing is right for half. Accuracies are over
 * all people of the namespace, at its full lifetime budget of cells, which is 1/50 of them; T01 is about
 * single victims. A pass is five points above guessing at most.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"
#include "cells.h"

/* ATTEMPTS: newcomers that are looked at, if the budget lets the attacker go on for ever. */
enum { PEOPLE = 4000, CELLS_SHARE = 50, BANDS = 4, FEE_BAND = 250, ATTEMPTS = 640, VICTIMS = 40 };
static const double BASELINE = 0.5, POINTS = 0.05;

/* A victim's town, and its quarter of all ages: some 200 people. */
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

static size_t people(void)
{
    return attack_number(PEOPLE, 2 * PEOPLE);
}

/* The victim's bit from two answers that differ by it: the cell that changed. -1: neither tells. */
static int which_changed(const struct cells_answer *a, const struct cells_answer *b)
{
    bool same[2];
    for (size_t i = 0; i < 2; i++) {
        if (a->withheld[i] || b->withheld[i]) {
            return -1;
        }
        same[i] = a->n[i] == b->n[i];
    }
    return same[0] == same[1] ? -1 : same[0] ? 1 : 0;
}

static bool right(int guess, const struct cells_person *victim)
{
    bool male = guess < 0 ? attack_below(2) == 1 : guess == 1;
    return male == victim->male;
}

/* --- single victims: T01, T05 ------------------------------------------------------------------------------------ */

/* One way to leave a victim out of a question; what else it changes holds for everybody who matters. */
typedef void leave_out_fn(struct cells_question *q, const struct cells_person *victim);

static void by_the_day(struct cells_question *q, const struct cells_person *victim)
{
    q->not_born = victim->born;
}

/* Thirty days and more, which somebody promised to hold enough people, though not in this town. */
static void by_a_season(struct cells_question *q, const struct cells_person *victim)
{
    q->born[0] = victim->born > 15 ? victim->born + 15 : 30;
}

static void by_the_older(struct cells_question *q, const struct cells_person *victim)
{
    q->born[1] = victim->born - 1;
}

/* The day, and a fee that nobody around has. */
static void with_a_dummy(struct cells_question *q, const struct cells_person *victim)
{
    q->not_born = victim->born;
    q->fee[1] = CELLS_FEE_MAX - 1;
}

static void with_two_dummies(struct cells_question *q, const struct cells_person *victim)
{
    by_a_season(q, victim);
    q->fee[0] = 1;
    q->fee[1] = CELLS_FEE_MAX - 1;
}

/* Is the difference about the victim only? All but the secret is known, so the attacker can tell. */
static bool is_alone(const struct cells *c, const struct cells_question *whole,
                     const struct cells_question *less)
{
    int64_t a[CELLS_MOST], b[CELLS_MOST];
    cells_exact(c, whole, a);
    cells_exact(c, less, b);
    return a[0] + a[1] - b[0] - b[1] == 1;
}

/* 1: found out; 0: taken in; 1/2: nothing was told, and one guesses. */
static double one_victim(struct cells *c, leave_out_fn *leave_out)
{
    for (size_t tries = 0; tries < 4000; tries++) {
        const struct cells_person *victim = &c->people[attack_below(c->n_people)];
        struct cells_question whole = around(victim), less = whole;
        struct cells_answer a, b;
        leave_out(&less, victim);
        if (!is_alone(c, &whole, &less)) {
            continue;
        }
        if (cells_ask(c, &whole, &a) != 0 || cells_ask(c, &less, &b) != 0) {
            return BASELINE;
        }
        int guess = which_changed(&a, &b);
        return guess < 0 ? BASELINE : guess == victim->male ? 1 : 0;
    }
    return BASELINE;
}

/* Of victims in fresh namespaces, so that neither budget nor earlier questions stand in the way. */
static double about_single_victims(leave_out_fn *const *ways, size_t n_ways)
{
    double sum = 0;
    size_t n = attack_number(VICTIMS, 4 * VICTIMS);
    for (size_t i = 0; i < n; i++) {
        struct cells c;
        cells_open(&c, people(), 1000);
        sum += one_victim(&c, ways[i % n_ways]);
        cells_close(&c);
    }
    return sum / (double)n;
}

static struct attack_verdict t01(void)
{
    static leave_out_fn *const ways[] = {by_the_day, by_a_season, by_the_older};
    return attack_at_most("accuracy about single victims, one field differs",
                          about_single_victims(ways, LEN(ways)), BASELINE + POINTS);
}

static struct attack_verdict t05(void)
{
    static leave_out_fn *const ways[] = {with_a_dummy, with_two_dummies};
    return attack_at_most("accuracy about single victims, several fields differ",
                          about_single_victims(ways, LEN(ways)), BASELINE + POINTS);
}

/* --- questions that cross: what the guard does not see, as often as the budget lets one ask --------------------------- */

/* The first-born of a town and a fee is left out by a day of birth; the other question leaves out ages that
 * nobody there has. False: the two do not differ by that one person. */
static bool crossing(const struct cells *c, int64_t town, int64_t fee, struct cells_question *whole,
                     struct cells_question *less, const struct cells_person **victim)
{
    int64_t oldest = 0, second = CELLS_BORN_MAX;
    *victim = NULL;
    for (size_t i = 0; i < c->n_people; i++) {
        const struct cells_person *p = &c->people[i];
        if (p->town != town || p->fee / FEE_BAND != fee) {
            continue;
        }
        oldest = p->age > oldest ? p->age : oldest;
        if (*victim == NULL || p->born < (*victim)->born) {
            second = *victim == NULL ? second : (*victim)->born;
            *victim = p;
        } else if (p->born < second) {
            second = p->born;
        }
    }
    *whole = cells_all();
    whole->town = town;
    whole->fee[0] = fee * FEE_BAND;
    whole->fee[1] = whole->fee[0] + FEE_BAND - 1;
    whole->by_male = true;
    *less = *whole;
    whole->age[1] = CELLS_AGE_MAX - 5;
    less->born[0] = second;
    return *victim != NULL && oldest <= whole->age[1] && second >= 30 && is_alone(c, whole, less);
}

static struct attack_verdict cross(void)
{
    struct cells c;
    double sum = 0;
    size_t told = 0, asked = 0;
    int32_t code = 0;
    cells_open(&c, people(), people() / CELLS_SHARE);
    for (int64_t i = 0; code != SY_E_BUDGET && i < CELLS_TOWNS * (CELLS_FEE_MAX / FEE_BAND); i++) {
        const struct cells_person *victim;
        struct cells_question whole, less;
        struct cells_answer a, b;
        if (!crossing(&c, i % CELLS_TOWNS, i / CELLS_TOWNS, &whole, &less, &victim)) {
            continue;
        }
        code = cells_ask(&c, &whole, &a);
        code = code == 0 ? cells_ask(&c, &less, &b) : code;
        int guess = code == 0 ? which_changed(&a, &b) : -1;
        asked += code == 0;
        told += guess >= 0;
        sum += guess >= 0 && guess == victim->male ? 1 : 0;
    }
    double n = (double)c.n_people;
    fprintf(stderr, "%zu pairs answered, %zu told\n", asked, told);
    cells_close(&c);
    return attack_at_most("accuracy over all people", (sum + (n - (double)told) * BASELINE) / n,
                          BASELINE + POINTS);
}

/* --- T06: the same cell in many words ------------------------------------------------------------------------------ */

static struct attack_verdict t06(void)
{
    enum { WORDINGS = 24 };
    double gain = 0;
    size_t n = 0;
    for (size_t band = 0; band < attack_number(20, 60); band++) {
        struct cells c;
        int64_t exact[CELLS_MOST];
        double sum[2] = {0};
        bool first[2];
        size_t asked = 0;
        cells_open(&c, people(), people() / CELLS_SHARE);
        struct cells_question q = around(&c.people[band]);
        cells_exact(&c, &q, exact);
        for (unsigned i = 0; i < WORDINGS; i++) {
            struct cells_answer a;
            q.wording = i;
            if (cells_ask(&c, &q, &a) != 0 || a.withheld[0] || a.withheld[1]) {
                break;
            }
            for (size_t k = 0; k < 2; k++) {
                first[k] = i == 0 ? a.n[k] == exact[k] : first[k];
                sum[k] += (double)a.n[k];
            }
            asked++;
        }
        for (size_t k = 0; k < 2 && asked > 0; k++) {
            gain += (fabs(sum[k] / (double)asked - (double)exact[k]) < 0.5) - first[k];
            n++;
        }
        cells_close(&c);
    }
    return attack_at_most("cells known exactly, above one answer's chance",
                          n == 0 ? 1 : gain / (double)n, POINTS);
}

/* --- T07: before and after one admission ---------------------------------------------------------------------------- */

static struct attack_verdict t07(void)
{
    struct cells c;
    size_t hits = 0, told = 0, most = attack_number(ATTEMPTS, 4 * ATTEMPTS);
    cells_open(&c, people(), people() / CELLS_SHARE);
    struct cells_question q = cells_all();
    struct cells_answer before, after;
    q.town = 0;
    q.by_male = true;
    int32_t code = cells_ask(&c, &q, &before);
    c.people = realloc(c.people, (c.n_people + most) * sizeof(*c.people));
    assert_non_null(c.people);
    for (size_t i = 0; code == 0 && i < most; i++) {
        struct cells_person *newcomer = &c.people[c.n_people++];
        *newcomer = cells_draw();
        newcomer->town = q.town;
        cells_publish(&c);
        code = cells_ask(&c, &q, &after);
        int guess = code == 0 ? which_changed(&before, &after) : -1;
        told += guess >= 0;
        hits += guess >= 0 && right(guess, newcomer);
        before = after;
    }
    double n = (double)c.n_people;
    double accuracy = ((double)hits + (n - (double)told) * BASELINE) / n;
    cells_close(&c);
    return attack_at_most("accuracy over all people", accuracy, BASELINE + POINTS);
}

/* --- T08: linear reconstruction --------------------------------------------------------------------------------------- */

/* One way to cut everybody into questions of about the same size: two fields in equal parts. */
struct cut {
    size_t parts[3]; /* of age, born, fee */
};

static void part_of(int64_t of[2], int64_t most, size_t parts, size_t i)
{
    int64_t n = (int64_t)parts;
    of[0] = (most + 1) * (int64_t)i / n;
    of[1] = (most + 1) * (int64_t)(i + 1) / n - 1;
}

static size_t town_of(const struct cells_person *p)
{
    return (size_t)p->town;
}

/* Add each answer's surplus of one kind to the scores of the people that it is about. */
static int32_t ask_part(struct cells *c, const struct cut *cut, size_t i, double *scores)
{
    struct cells_question q = cells_all();
    struct cells_answer a;
    int64_t exact[CELLS_MOST];
    part_of(q.age, CELLS_AGE_MAX, cut->parts[0], i % cut->parts[0]);
    i /= cut->parts[0];
    part_of(q.born, CELLS_BORN_MAX, cut->parts[1], i % cut->parts[1]);
    i /= cut->parts[1];
    part_of(q.fee, CELLS_FEE_MAX, cut->parts[2], i);
    q.by_town = q.by_male = true;
    int32_t code = cells_ask(c, &q, &a);
    cells_exact(c, &q, exact); /* used for who is in it, which is known */
    for (size_t k = 0; code == 0 && k < c->n_people; k++) {
        const struct cells_person *p = &c->people[k];
        size_t at = 2 * town_of(p);
        bool in = p->age >= q.age[0] && p->age <= q.age[1] && p->born >= q.born[0] &&
                  p->born <= q.born[1] && p->fee >= q.fee[0] && p->fee <= q.fee[1];
        if (in && !a.withheld[at] && !a.withheld[at + 1]) {
            double size = (double)(exact[at] + exact[at + 1]);
            scores[k] += (double)(a.n[at + 1] - a.n[at]) / size;
        }
    }
    return code;
}

static struct attack_verdict t08(void)
{
    static const struct cut cuts[] = {{{4, 2, 1}}, {{1, 4, 2}}, {{2, 1, 4}}, {{8, 1, 1}},
                                      {{1, 8, 1}}, {{1, 1, 8}}, {{2, 2, 2}}, {{2, 4, 1}},
                                      {{1, 2, 4}}, {{4, 1, 2}}, {{5, 3, 1}}, {{1, 5, 3}},
                                      {{3, 1, 5}}, {{3, 5, 1}}, {{1, 3, 5}}, {{5, 1, 3}}};
    struct cells c;
    cells_open(&c, people(), people() / CELLS_SHARE);
    double *scores = calloc(c.n_people, sizeof(*scores));
    size_t hits = 0;
    int32_t code = 0;
    assert_non_null(scores);
    for (size_t k = 0; code != SY_E_BUDGET && k < LEN(cuts); k++) {
        size_t n = cuts[k].parts[0] * cuts[k].parts[1] * cuts[k].parts[2];
        for (size_t i = 0; code != SY_E_BUDGET && i < n; i++) {
            code = ask_part(&c, &cuts[k], i, scores);
        }
    }
    for (size_t i = 0; i < c.n_people; i++) {
        bool male = fabs(scores[i]) < 1e-12 ? attack_below(2) == 1 : scores[i] > 0;
        hits += male == c.people[i].male;
    }
    double accuracy = (double)hits / (double)c.n_people;
    free(scores);
    cells_close(&c);
    return attack_at_most("accuracy over all people", accuracy, BASELINE + POINTS);
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"T01", "differencing two releases by cell keys", t01},
        {"T05", "layered noise: pairs with dummy conditions", t05},
        {"CROSS", "pairs of questions that the guard does not see", cross},
        {"T06", "averaging over different questions of one cell", t06},
        {"T07", "intersection of data versions", t07},
        {"T08", "linear reconstruction", t08},
    };
    return attack_main(argc, argv, attacks, LEN(attacks));
}
