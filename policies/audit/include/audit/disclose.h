/*
 * Public disclosure (article 31 of the scheme; docs/scheme/disclosure.md): what was granted to whom, for what, over
 * which data, for how long; which data and products there are and what they cost; how much they were used. Made from
 * an exported log, by replaying it up to the end of a year: whoever has the log makes the very same bytes.
 *
 * What is disclosed is a list of columns in one file (src/disclose_tables.c), each of them an identifier, a title, a date, a price or a
 * count of acts. No figure comes from protected data (the most rows that answers may have is fixed by their plans),
 * no text of an incident, an order or an opinion is in it, and no body of an entry.
 *
 * Files: disclosure.json, disclosure.html (one page that needs nothing else), a CSV a table (UTF-8 with a byte order
 * mark, RFC 4180, no cell that an office program would run), SHA256SUMS. The digest of SHA256SUMS is what
 * disclose.publish signs.
 *
 * Runs in: the auditor's, agency's or operator's machine. Trusts: nobody: the export should be verified first, and every
 * entry is decided again. Holds: bodies, in memory. May block/alloc: both. Threads: one.
 */
#ifndef AUDIT_DISCLOSE_H
#define AUDIT_DISCLOSE_H

#include "audit/export.h"

enum { AUDIT_DISCLOSE_FILES = 16, AUDIT_DISCLOSE_BYTES_MAX = 64 << 20 };

struct audit_file {
    const char *name;
    struct sy_view bytes; /* in the arena */
};

struct audit_disclosure {
    uint64_t year, entries; /* of the log, that it is made of: all up to the year's end */
    struct audit_file files[AUDIT_DISCLOSE_FILES];
    size_t n;           /* SHA256SUMS is the last */
    uint8_t digest[32]; /* of SHA256SUMS */
};

/*
 * Make the files of a year. SY_E_STATE (the log has no entry after that year: it may not be over), SY_E_DENIED (bodies
 * are missing: an auditor's or the agency's export is needed), SY_E_TAMPERED (an entry does not replay),
 * SY_E_NOT_FOUND (the log began later), SY_E_NO_MEMORY, the decoder's errors.
 */
SY_MUST sy_status audit_disclose(const struct audit_export *x, uint64_t year,
                                 struct sy_arena *arena, struct audit_disclosure *ret,
                                 struct sy_error *reterr);

/* Write them into a folder, which is made when missing. SY_E_IO and what writing gives. */
SY_MUST sy_status audit_disclose_write(const struct audit_disclosure *d, const char *dir,
                                       struct sy_error *reterr);

/* Who published a digest for a year. */
struct audit_published {
    char party[65];
    uint64_t entry;
    bool same; /* the digest is this one */
};

/* The last disclose.publish of each party for that year, in the whole export; at most `cap`. SY_E_DENIED... as above. */
SY_MUST sy_status audit_disclose_published(const struct audit_export *x, uint64_t year,
                                           const uint8_t digest[32], struct audit_published *ret,
                                           size_t cap, size_t *ret_n, struct sy_error *reterr);

/* Is the folder, byte for byte, what the log gives? SY_E_TAMPERED, field = the file that differs, is
 * missing, or is none of them. */
SY_MUST sy_status audit_disclose_same(const struct audit_disclosure *d, const char *dir,
                                      struct sy_error *reterr);

#endif
