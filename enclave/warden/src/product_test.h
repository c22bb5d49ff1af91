/*
 * What: product.test: a product's own release on trial inside the domain, for a reviewer (wire/product_test.h;
 * src/trial.h says what is tried). Its columns are opened as a run's are (run.h), one worker after the other computes
 * the exact cells with all rows and without each of some units, and a thread draws and judges. Nothing is charged;
 * the outcome is an entry of its own before it is told, a fixed time after the request whatever the data are.
 *
 * Threads: the loop's; filling, sending and the trial are done by one thread of the test's own at a time.
 */
#ifndef WARDEN_PRODUCT_TEST_H
#define WARDEN_PRODUCT_TEST_H

#include "trial.h"
#include "warden/run.h"
#include "wire/product_test.h"

/* prepare: one test at a time in the whole domain; salt and data versions. done: the request is durable: test. again:
 * the same envelope: its outcome, or, when a crash kept it from having one, the test. */
bool warden_product_test_prepare(struct warden_call *c);
void warden_product_test_done(struct warden_call *c);
void warden_product_test_again(struct warden_call *c);

/* Stop every test under a grant, at once: it found nothing out. */
void warden_product_tests_stop(struct warden *w, const uint8_t grant[32]);

/* Does one hold open what it read under this grant? */
bool warden_product_tests_hold(const struct warden *w, const uint8_t grant[32]);

/* ---- shared by its files ---- */

struct warden_product_test {
    struct warden_product_test *next;
    struct warden_run run; /* its sources, feeds, worker and thread */
    uint8_t product[32];
    uint64_t asked; /* entry of the request */
    struct trial_unit units[SY_PRODUCT_TEST_UNITS];
    size_t n_units; /* known once the first world is under way */
    struct sy_view worlds[SY_PRODUCT_TEST_UNITS + 1];
    size_t n_worlds;              /* computed */
    struct trial_outcome outcome; /* passed, price and draws leave; the rest never does */
    bool found;                   /* the outcome is there */
};

/* The record of what came of it, encoded: one of three words, and what follows from the plan. Replaces what is in the
 * buffer (product_test.c). SY_E_LIMIT, SY_E_NO_MEMORY. */
SY_MUST sy_status product_test_result(const struct warden_product_test *t, struct sy_buf *b);

/* Told, and no thread at work: out of the list, and freed; otherwise nothing (product_test.c). */
void product_test_leave(struct warden_product_test *t);

/* Ask for a worker for the next world, and feed it from a thread; when all worlds are there, the trial begins by itself,
 * and t->found says that it has ended. False: nothing was started (product_test_work.c). */
bool product_test_start_world(struct warden_product_test *t);

/* Nothing more comes of it: it is "unable" when its time is up. */
void product_test_give_up(struct warden_product_test *t, const char *cause);

/* Whom to take out: at most `max` units that have rows in the filled columns of `r`, drawn from the seed, each
 * once, in turn of each namespace that some block protects; nobody is drawn for having rows in a developer's own data, who
 * could fill it with units that count nowhere else. None: nobody has rows. Reads the columns' descriptors: on a
 * work thread (product_test_units.c). SY_E_STATE: the model reads no department's rows of any such namespace;
 * SY_E_IO, SY_E_NO_MEMORY. */
SY_MUST sy_status product_test_units(const struct warden_run *r, const uint8_t seed[32], size_t max,
                                     struct trial_unit *ret, size_t *ret_n);

#endif
