/*
 * A fake ingest worker: sound rows for any catalogue entry, and ways to spoil them.
 */
#ifndef WARDEN_TEST_INGEST_H
#define WARDEN_TEST_INGEST_H

#include "test_domain.h"

enum { INGEST_ROWS = 4 };
enum ingestion {
    INGESTS = 0,
    INGEST_LEAVES,
    INGEST_SHORT,
    INGEST_NO_QUALITY,
    INGEST_TALKS,
    N_INGESTION,
    /* sound */
    INGEST_BIG,    /* with a dictionary that no socket takes at once */
    INGEST_AT_CAP, /* one unit has as many rows as the unit columns with a cap allow */
    INGEST_STALLS, /* rows, and no end; counted as a run */
    /* not sound */
    INGEST_OVER /* ... one more, in another batch */
};

/* Serve one ingest job on `sock` by o->ingest. */
void ingest_worker(struct domain_orders *o, int sock);

#endif
