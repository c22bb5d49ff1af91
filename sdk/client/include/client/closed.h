/*
 * The logs of the domain that were closed before the pinned one, as their closes were followed (docs/shards.md): one line
 * of the profile, `log_closed`, "BASE SIZE ROOT VKEY" of each, the newest first, a space between.
 *
 * Runs in: SDK. Trusts: the profile's file. Holds: nothing. May block: no. Threads: pure functions.
 */
#ifndef CLIENT_CLOSED_H
#define CLIENT_CLOSED_H

#include "client/profile.h"

/* One: whoever signed for it, nothing but this tree is this log. */
struct client_closed {
    struct proof_vkey key;  /* that signed its last checkpoint */
    uint64_t base;          /* entries in the logs before it */
    struct proof_tree tree; /* all of it */
};

/* The one at *at (pins->log_closed to begin with), and step on. False: no more, or none that can be read. */
bool client_closed_next(const char **at, struct client_closed *ret);

/* Put it before the others; the oldest are forgotten when there is no room: then nothing of them is believed. */
SY_MUST sy_status client_closed_add(struct client_pins *pins, const struct client_closed *closed);

#endif
