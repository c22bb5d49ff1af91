/*
 * A run in flight, shared by the files that make it up: run.c (the call, the slot, settling), run_sources.c
 * (what it reads) with history.c (as it was when it was charged), run_work.c (the threads that feed the worker
 * and release its result). rerun.c runs answered charges again, by the same steps.
 *
 * Threads: a run belongs to the loop's thread, but while `busy` its arena, feeds, columns and made belong
 * to its one work thread; early is the loop's until the job has ended, then the releasing thread's. rows, model, row and seed do not change once it has begun.
 */
#ifndef WARDEN_RUN_H
#define WARDEN_RUN_H

#include <pthread.h>

#include "base/fdio.h"
#include "rules/model.h"
#include "vault/column.h"
#include "vault/subject.h"
#include "vault/units.h"
#include "warden/call.h"
#include "warden/job.h"
#include "wire/job.h"

/* Every column is a descriptor of one message: those that scans read, and units' keys. */
enum {
    WARDEN_KEYS_MAX = 8,
    WARDEN_COLUMNS_MAX = SY_FDS_MAX - WARDEN_KEYS_MAX,
    WARDEN_ANSWER_MAX = 32 << 20,
    WARDEN_HEX_BYTES = 65
};

/* One column to be filled. */
struct warden_feed {
    const struct vault_version *version;
    struct vault_ask ask;
    uint64_t scan;
    int fd;
    struct vault_column column;
};

/* The keys of one kind of one namespace's units. */
struct warden_unit_keys {
    enum vault_unit_key kind;
    struct sy_view ns;
    uint64_t n_units;
    int fd;
    struct vault_secret noise; /* with record keys: what their cells' noise is drawn under */
};

struct warden_run {
    struct warden_run *next;
    struct warden *w;
    struct warden_call *call; /* who waits; gone once told */
    uint64_t charge;          /* entry */
    uint64_t rerun;           /* entry of the request to run an answered charge again; 0: a run */
    int64_t time;             /* of the charge's event */
    uint64_t due_ns;          /* end of the response slot, monotonic */
    uint64_t settle_timer;    /* when the outcome is settled, on the clock; 0 = when it is there */
    bool finished;            /* the outcome is settled */
    bool told;                /* the call has ended */
    bool stopped; /* its grant or product was: nothing it read is kept (warden_run_close) */
    bool closed;  /* warden_run_close was there */

    struct sy_arena arena;
    struct rules_state *rows; /* the rows as they were at the charge */
    struct rules_model model; /* read from `rows` */
    struct sy_row_charge row;
    struct vault_secret seed; /* of the charge's noise */

    struct vault_version **versions;
    size_t n_versions;
    struct warden_feed feeds[WARDEN_COLUMNS_MAX];
    size_t n_feeds;
    struct warden_unit_keys keys[WARDEN_KEYS_MAX];
    size_t n_keys;
    struct sy_run_column columns[SY_FDS_MAX]; /* of the feeds, then of the keys */
    struct vault_subject *subject;            /* whom the question is about; NULL: about nobody */
    struct sy_view *asserted;                 /* texts of the asserted parameters, in plan order */
    size_t n_asserted;
    uint64_t
        *without; /* a neighbour's cells: for each block 1 + the unit left out, or 0; NULL: all */
    bool unknown; /* the answer is "unknown": looked at in weak builds only */
    struct vault_secret pseudonyms; /* key of the grant's pseudonyms; empty until a mask needs it */

    struct warden_job job;
    int feed_sock; /* the work thread's own descriptor of the worker's socket; -1 = none */
    pthread_t thread;
    bool busy;             /* the work thread has not been joined */
    sy_status worked;      /* its result */
    struct sy_buf early;   /* the worker's message as it came */
    struct sy_view made;   /* canonical answer, made by the work thread */
    struct sy_view answer; /* taken over from `made` before the settling; empty = refused */
    const char *cause;     /* why there is no answer, for the warden's own log; NULL = none */
    int32_t failed;        /* cause "start": its code, which no protected row decides */
};

/* run_sources.c: copy the rows that the run stands on and read its model from them; then open the
 * versions it was charged for and list the columns it reads. Errors settle the charge as refused. */
SY_MUST sy_status warden_run_rows(struct warden_run *r, struct sy_error *err);
SY_MUST sy_status warden_run_sources(struct warden_run *r, struct sy_error *err);

/* history.c: put the pack and the data versions that the charge names into r->rows, where the state has come to
 * newer ones: what a run reads follows from its charge, whenever it runs. */
SY_MUST sy_status warden_history_rows(struct warden_run *r, struct sy_error *err);

/* history.c: append to keep[*n..max) every superseded version that a charge under a grant that is not over
 * stands on: it may be resumed, or run again. Views are in the arena. *n = max: there may be more. */
SY_MUST sy_status warden_history_keep(struct warden *w, struct sy_arena *arena, size_t max,
                                      struct sy_dataset_version *keep, size_t *n);

/* history.c: destroy the noise keys of past epochs of which no charge is left that may be resumed or run again:
 * each is refused, or its grant is over for good. Looks at every charge. Asked at the start, and after a grant was stopped (warden/stop.h). */
SY_MUST sy_status warden_history_forget(struct warden *w);

/* subject.c: of a model about one subject, take who it is and what is asserted from the call's secret.
 * Nothing for other models. */
SY_MUST sy_status warden_run_subject(struct warden_run *r, struct sy_error *err);

/* run_work.c: ask for a worker, and feed it from a thread. When the worker's result is released, or
 * will never be, warden_run_ready is called on the loop's thread. */
SY_MUST sy_status warden_run_work(struct warden_run *r, struct sy_error *err);

/* Parts of these for tests of products (src/product_test.h): copy the rows of r->row's grant and model; send the
 * filled columns to the worker at r->feed_sock, on a work thread. */
SY_MUST sy_status warden_run_model_rows(struct warden_run *r, struct sy_error *err);
SY_MUST sy_status warden_run_send(struct warden_run *r);

/* Parts of these for reports of exposure (src/exposure.h): copy the pack, the grant of r->row and its datasets;
 * fill every column, on a work thread; close what the sources opened, and free the rest of a run whose outcome is
 * settled and which is not busy, but not the run itself: keys, columns, exact figures, the answer. Once. */
SY_MUST sy_status warden_run_grant_rows(struct warden_run *r, struct sy_error *err);
SY_MUST sy_status warden_run_fill(struct warden_run *r);
void warden_run_close(struct warden_run *r);
/* ... of a run that was stopped: as soon as no thread is at work, without waiting for its slot's end. */
void warden_run_let_go(struct warden_run *r);
/* Is what it read under this grant open? */
bool warden_run_holds(const struct warden_run *r, const uint8_t grant[32]);

/* run.c: run the charge of an entry for this call. Whatever fails from here on is an outcome of something that
 * is on disk: it is settled, in its slot, like any other. rerun: as in struct warden_run. */
struct warden_run_ask {
    uint64_t charge, rerun;
    int64_t time; /* of the charge */
};
void warden_run_start(struct warden_call *c, const struct warden_run_ask *ask);

/* rerun.c: record what came of a re-run; its entry, 0 when it could not be recorded. Then, at the slot's end,
 * tell it. */
uint64_t warden_rerun_settle(struct warden_run *r);
void warden_rerun_say(struct warden_call *c);

/* run.c: is this charge, or this re-run, at work? */
bool warden_run_is_active(const struct warden *w, uint64_t charge, uint64_t rerun);

/* run.c: end a call whose work goes on: the same envelope gets the outcome. */
void warden_run_busy(struct warden_call *c);

/* run.c: nobody is at work any more: settle now, or, with slots, when the time comes. */
void warden_run_ready(struct warden_run *r);

/* hold.c: must this call, whose outcome is in entries of its own, wait for a quorum of witnesses (c->waits)? Then
 * true: it is ended by give(c) once they are covered, or after a constant time with "not yet". False: end it now. */
bool warden_hold(struct warden_call *c, void (*give)(struct warden_call *c));

/* run.c: free a run that is told and not busy; otherwise nothing. */
void warden_run_free(struct warden_run *r);

#endif
