/*
 * A confined process tries what it must never do, and what it must be able to. Each attempt is made in a
 * child, first unconfined, where it must work (so that "blocked" is told from "failed anyway"), then
 * confined.
 */
#ifndef ROLE_TEST_ATTEMPTS_H
#define ROLE_TEST_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

enum { WORKED = 0, BLOCKED = 1, SETUP_FAILED = 99 };

struct attempt {
    const char *name;
    int (*make)(void);
    int confined; /* what becomes of it: WORKED, BLOCKED, or minus the signal that ends the process */
};

/* Make each, both ways; cmocka fails at the first that is not as it says. prepare: in the child, before an
 * attempt; is_confined says whether it must confine itself; false: it could not. */
void attempts_make(const struct attempt *rows, size_t n, bool (*prepare)(bool is_confined));

/* Attempts that are the same for every role. */
int read_outside(void); /* a file of the system's that no role needs */
int signal_parent(void);
int make_process(void);
int run_program(void);
int run_memory(void); /* memory that can be executed */
int be_traced(void);

#endif
