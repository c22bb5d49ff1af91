/*
 * The supervisor's parts. It starts the domain's four processes, in order, and hands each its
 * descriptors; it holds no key, reads no data, parses nothing but its command line and one-byte
 * messages of its own children.
 *
 *   graph.c   who may talk to whom: every socketpair of the domain is made there, in one function
 *   place.c   the domain's folder, its run folder, the two listening sockets, pid files
 *   start.c   fork and exec of one role with exactly its descriptors
 *   loop.c    ready, death, restart, stop
 *   main.c    command line
 *
 * Threads: one.
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include <stddef.h>
#include <sys/types.h>

#include "base/status.h"

/* In start order. */
enum role { ROLE_ZYGOTE, ROLE_COURIER, ROLE_WARDEN, ROLE_GATEWAY, N_ROLES }; /* in order of start */

/* What a role can be handed; its number in the role is 3 + this. */
enum handed {
    HAND_CONTROL, /* edge to the supervisor */
    HAND_ZYGOTE,  /* edge to the zygote */
    HAND_WARDEN,  /* edge to the warden */
    HAND_GATEWAY, /* edge to the gateway */
    HAND_DOMAIN,  /* the domain's folder */
    HAND_PUBLIC,  /* its ledger/public folder */
    HAND_LOCAL,   /* listening unix socket for local ingest */
    HAND_LISTEN,  /* listening TCP socket */
    HAND_COURIER, /* edge to the courier */
    N_HANDED
};
#define HANDED_FIRST_FD 3

struct handed_info {
    const char *name; /* in --fd NAME=N */
    bool is_edge;     /* our copy is closed once the role has started */
};
extern const struct handed_info HANDED[N_HANDED];

struct role_info {
    const char *name;
    const char *program;
    const char *sibling; /* its folder in a build tree, relative to our own */
    unsigned ready_ms;   /* time to say ready; 0 = unlimited (the warden replays its ledger) */
    unsigned grants;     /* bit set of 1 << enum handed */
    char renewed;        /* started again when it dies: what tells the warden so; 0 = never */
    enum handed renews;  /* then: as what the warden has its end of the fresh edge */
};
extern const struct role_info ROLES[N_ROLES];

enum state { STATE_DOWN, STATE_STARTING, STATE_READY };

struct process {
    enum state state;
    pid_t pid;
    int pidfd;            /* -1 when down */
    int control;          /* our end; -1 once hung up */
    uint64_t deadline_ns; /* killed if still alive or not ready then; 0 = none */
    uint64_t ready_ns;    /* when it last said ready */
};

/* When to start a role again that died. */
struct restart {
    uint64_t at_ns; /* 0 = not waiting */
    unsigned delay_ms;
};

#define ROLE_ARGS_MAX 16

/* The command line, borrowed from argv. */
struct settings {
    const char *domain;
    const char *listen;
    const char *local; /* NULL = run/local.sock */
    bool background;
    const char *bin[N_ROLES]; /* NULL = next to us */
    const char *args[N_ROLES][ROLE_ARGS_MAX];
    size_t n_args[N_ROLES];
};

struct supervisor {
    const struct settings *settings;
    int domain_fd;
    int run_fd;
    char address[80];                  /* HOST:PORT really bound */
    char programs[N_ROLES][4096];      /* absolute paths */
    int held[N_ROLES][N_HANDED];       /* to hand over at the role's next start; -1 = none */
    struct process processes[N_ROLES]; /* by role */
    bool announced;                    /* all were ready once */
    bool stopping;
    const char *died; /* role whose death stopped us; NULL = asked to stop */
    bool died_clean;  /* it exited with 0: perhaps only the first to notice */
    uint64_t kill_ns; /* when stopping: what is left is killed then */
    struct restart restarts[N_ROLES];
    int signal_fd;
    int notify_fd; /* background mode: told once ready; -1 */
};

/* ---- graph.c ---- */

/* Make all edges: the ends wait in held[], our own in processes[].control. */
SY_MUST sy_status graph_make(struct supervisor *s, struct sy_error *reterr);
/* Make the edges of one role afresh, those to roles before it. */
SY_MUST sy_status graph_renew(struct supervisor *s, enum role role, struct sy_error *reterr);

/* ---- place.c ---- */

/* Open the domain's folder, its run folder (made when missing) and lock it against a second
 * supervisor (SY_E_BUSY). */
SY_MUST sy_status place_open(struct supervisor *s, struct sy_error *reterr);
/* Bind and listen on both sockets; fills s->address. */
SY_MUST sy_status place_listen(struct supervisor *s, struct sy_error *reterr);
/* Open ledger/public for the next gateway. */
SY_MUST sy_status place_open_public(struct supervisor *s, struct sy_error *reterr);
/* Find the programs. SY_E_NOT_FOUND naming the one that is not there. */
SY_MUST sy_status place_find_programs(struct supervisor *s, struct sy_error *reterr);
SY_MUST sy_status place_write_pid(const struct supervisor *s, const char *name, pid_t pid);
void place_remove_pid(const struct supervisor *s, const char *name);
/* Remove supervisor.pid and the local socket. */
void place_close(struct supervisor *s);

/* ---- start.c ---- */

/* Start a role with what is held for it; our copies of its edges are closed whatever happens. */
SY_MUST sy_status start_role(struct supervisor *s, enum role role, struct sy_error *reterr);

/* ---- loop.c ---- */

/* Start all, supervise, stop all. Returns the exit status. */
int supervise(struct supervisor *s);

#endif
