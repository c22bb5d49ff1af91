/*
 * Descriptors: whole reads and writes, files replaced atomically, and descriptors passed over unix
 * sockets. Receiving asks for close-on-exec, counts what arrives and treats truncation as a
 * violation. Source: unix(7), cmsg(3).
 */
#ifndef BASE_FDIO_H
#define BASE_FDIO_H

#include "base/buf.h"
#include "base/status.h"

#define SY_FDS_MAX 64 /* descriptors in one message */

/* Close and set to -1; -1 is ignored. For __attribute__((cleanup)). Keeps errno. */
void sy_fd_close(int *fd);
#define SY_FD_CLEANUP __attribute__((cleanup(sy_fd_close)))

/* Write or read exactly n bytes on a blocking descriptor, going on after EINTR. Reading fewer
 * because of end of file is SY_E_CLOSED, so is a broken pipe (SIGPIPE is the process's business);
 * SY_E_TIMEOUT when a time limit of the socket passed. */
SY_MUST sy_status sy_write_all(int fd, const void *p, size_t n_bytes);
SY_MUST sy_status sy_read_all(int fd, void *p, size_t n_bytes);

/* Append a whole file (or what is left of a descriptor) to *b; SY_E_LIMIT past its ceiling,
 * SY_E_NOT_FOUND when there is no such file. On error *b is as before. */
SY_MUST sy_status sy_read_file_at(int dirfd, const char *name, struct sy_buf *b);
SY_MUST sy_status sy_read_to_end(int fd, struct sy_buf *b);

/* Replace dirfd/name: temp file, write, fsync, rename, fsync of the directory. Durable on OK; on
 * error the old content stands, unless it was the last fsync that failed. `mode` e.g. 0600, whatever
 * the umask. The temp file is "<name>.tmp": one writer at a time for each name. */
SY_MUST sy_status sy_replace_file_at(int dirfd, const char *name, struct sy_view content,
                                     unsigned mode);

/* Send bytes and up to SY_FDS_MAX descriptors (borrowed) in one message on a SOCK_SEQPACKET or
 * SOCK_STREAM unix socket. On a stream the descriptors ride on the first byte. n_bytes >= 1. */
SY_MUST sy_status sy_send_fds(int sock, struct sy_view bytes, const int *fds, size_t n_fds);

/* Receive one message of at most cap bytes into ret (its length in *ret_n) and its descriptors
 * (at most max_fds, count in *ret_n_fds; the caller owns them). 0 bytes = SY_E_CLOSED. MSG_TRUNC,
 * MSG_CTRUNC or too many descriptors close all that came and give SY_E_FRAME. */
SY_MUST sy_status sy_recv_fds(int sock, uint8_t *ret, size_t cap, size_t *ret_n, int *ret_fds,
                              size_t max_fds, size_t *ret_n_fds);

#endif
