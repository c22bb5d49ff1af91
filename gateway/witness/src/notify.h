/* Telling the service manager that the witness serves. Source: sd_notify(3), the datagram protocol. */
#ifndef WITNESS_SRC_NOTIFY_H
#define WITNESS_SRC_NOTIFY_H

/* Send "READY=1" to $NOTIFY_SOCKET; nothing when it is not set. A manager that cannot be told is logged. */
void witness_notify_ready(void);

#endif
