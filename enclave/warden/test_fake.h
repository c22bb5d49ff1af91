/*
 * A zygote of the test's own: it answers the warden's requests as the real one does, but its workers
 * are plain children that run whatever the test wants of them, unsealed: what a worker could do that
 * got past its sandbox.
 */
#ifndef WARDEN_TEST_FAKE_H
#define WARDEN_TEST_FAKE_H

#include "check.h"

#include <sys/types.h>

#include "base/buf.h"

/* A worker's life; `sock` is its end of the job socket. `number` counts this zygote's
 * jobs of that kind from 1, in the order in which they were asked for. */
typedef void fake_worker(void *ctx, uint8_t kind, uint32_t number, int sock);

struct fake {
    pid_t pid;
    int sock; /* as the warden */
};

/* Start it in a child process, before this process has threads. ctx is borrowed; use shared memory
 * for what changes later. */
void fake_start(struct fake *f, fake_worker *run, void *ctx);
/* End it and its workers. NULL-safe about being stopped already. */
void fake_stop(struct fake *f);

/* ---- in a worker ---- */

/* A message with its length before it. */
void fake_say(int sock, struct sy_view record);
/* The next message into *b and its descriptors (closed here). False at the end. */
bool fake_hear(int sock, struct sy_buf *b, size_t *ret_fds);
/* Until it is killed. */
void fake_hang(void);

size_t fake_open_descriptors(void);

/* In a child: a crash is a crash, not the test library's to catch. */
void fake_die_as_usual(void);

#endif
