/*
 * T06: one cell in many words. Were noise drawn afresh, the mean of the answers would be the cell.
 */
#include <math.h>

#include "attack.h"
#include "cells.h"

enum { PEOPLE = 4000, CELLS_SHARE = 50, BANDS = 4 };
static const double POINTS = 0.05;

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

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"T06", "averaging over different questions of one cell", t06},
    };
    return attack_main(argc, argv, attacks, LEN(attacks));
}
