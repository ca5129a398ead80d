#ifndef HEARSAY_CLIENT_HEARSAY_H
#define HEARSAY_CLIENT_HEARSAY_H

/*
 * Talk to the hearsay daemon on this host: publish messages, listen to them, ask what it knows.
 * This is docs/API.md for C; hearsay.hpp is the same for C++.
 *
 * Every call blocks until it is done, at most as long as hearsay_set_timeout() says. A handle is
 * used by one thread at a time. Nothing prints, raises signals or touches global state.
 *
 * Strings are UTF-8 and end with a zero byte; payloads are any bytes. What a call returns through
 * a pointer belongs to the handle and is good until the next call with it.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum hearsay_code {
    HEARSAY_OK = 0,
    HEARSAY_REFUSED = 1,       /* the daemon said no: hearsay_error_code() says what */
    HEARSAY_BAD_ARGUMENT = 2,  /* this call cannot be right */
    HEARSAY_NOT_RUNNING = 3,   /* no socket, or nothing listens on it */
    HEARSAY_NO_PERMISSION = 4, /* the socket is not for this user */
    HEARSAY_TIMEOUT = 5,       /* no answer, or nothing arrived, in time */
    HEARSAY_CLOSED = 6,        /* not connected, or the daemon has hung up */
    HEARSAY_PROTOCOL = 7,      /* the answer makes no sense */
    HEARSAY_SYSTEM = 8         /* the system refused something: out of memory, of descriptors */
} hearsay_code;

typedef struct hearsay_client hearsay_client;

/* Where the daemon listens unless told otherwise. */
#define HEARSAY_DEFAULT_SOCKET "/run/hearsay/hearsay.sock"
/* Bytes for a message id with its zero byte. */
#define HEARSAY_MESSAGE_ID_SIZE 48

const char* hearsay_library_version(void);

/* ---- connection ------------------------------------------------------------------------- */

/* A handle that is not connected. NULL: out of memory. */
hearsay_client* hearsay_new(void);
/* Closes and frees. NULL is fine. */
void hearsay_free(hearsay_client* handle);

/* For every later call, in milliseconds; 5000 at first, negative: no limit. */
void hearsay_set_timeout(hearsay_client* handle, int timeout_ms);

/* `path` NULL: $HEARSAY_SOCKET, or else HEARSAY_DEFAULT_SOCKET. Replaces an earlier connection.
 * An error leaves the handle to ask for it. */
hearsay_code hearsay_connect(hearsay_client* handle, const char* path);
void hearsay_close(hearsay_client* handle);
/* The path of the last hearsay_connect(). */
const char* hearsay_socket_path(const hearsay_client* handle);

/* For poll(): readable means that hearsay_next() with a wait of 0 may have something. Call that
 * until it says HEARSAY_TIMEOUT before polling again. -1 when not connected. */
int hearsay_fd(const hearsay_client* handle);

/* About the last call that failed: a sentence; and, after HEARSAY_REFUSED, the code of
 * docs/API.md ("busy"), else "". */
const char* hearsay_error_text(const hearsay_client* handle);
const char* hearsay_error_code(const hearsay_client* handle);

/* ---- asking ----------------------------------------------------------------------------- */

/* The daemon's version and that of its API. Both pointers may be NULL. */
hearsay_code hearsay_version(hearsay_client* handle, const char** version, int* api);

/* Sends `request`, one JSON object without "id", and gives the reply line. After HEARSAY_REFUSED
 * `*reply` is the error reply. `reply` may be NULL. */
hearsay_code hearsay_request(hearsay_client* handle, const char* request, const char** reply);

/* ---- publishing ------------------------------------------------------------------------- */

typedef struct hearsay_bytes {
    const void* data;
    size_t size;
} hearsay_bytes;

typedef struct hearsay_publish_options {
    uint32_t lifetime_ms; /* 0: the daemon's default */
    int no_wait;          /* refuse with "busy" at once when there is no room */
} hearsay_publish_options;

/* One message. `options` may be NULL; `message_id`, if not NULL, gets HEARSAY_MESSAGE_ID_SIZE
 * bytes at most. With the daemon's patience for room (10 s) beyond the timeout of the handle, use
 * no_wait or a longer one. */
hearsay_code hearsay_publish(hearsay_client* handle, const char* topic, const void* payload,
                             size_t size, const hearsay_publish_options* options, char* message_id);

/* Any number of messages of one topic, many to a request. HEARSAY_REFUSED when at least one was
 * refused: the others were accepted; `*accepted`, which may be NULL, says how many. */
hearsay_code hearsay_publish_many(hearsay_client* handle, const char* topic,
                                  const hearsay_bytes* payloads, size_t count,
                                  const hearsay_publish_options* options, size_t* accepted);

/* ---- listening -------------------------------------------------------------------------- */

/* Adds patterns ('*' any run of characters, '?' one). Messages then come from hearsay_next(). */
hearsay_code hearsay_subscribe(hearsay_client* handle, const char* const* topics, size_t count);
/* `topics` NULL: all. */
hearsay_code hearsay_unsubscribe(hearsay_client* handle, const char* const* topics, size_t count);
/* Joins, failures, links: on or off. */
hearsay_code hearsay_events(hearsay_client* handle, int on);

typedef enum hearsay_kind {
    HEARSAY_MESSAGE,
    HEARSAY_EVENT, /* `line`, `event`, and, of the member it is about, `name` and `label` */
    HEARSAY_LAGGED /* this reader was too slow: `missed` messages and events are missing here */
} hearsay_kind;

typedef struct hearsay_item {
    hearsay_kind kind;
    const char* line;  /* as it came, without payload: JSON; of several messages in one line
                          the part about this one */
    const char* event; /* "member_joined"; "message" for messages */
    const char* id;    /* of a message: "UID/INDEX" */
    const char* topic;
    const char* publisher; /* the key of the node that signed it */
    const char* name;      /* what that node calls itself; "" when not known */
    const char* created;   /* RFC 3339, UTC */
    uint64_t epoch;
    uint64_t seq;
    double lifetime; /* seconds */
    int hops;
    int repeat; /* may have been delivered before a crash of the daemon */
    const void* payload;
    size_t payload_size;
    uint64_t missed;
    const char* label; /* `name`, or NAME#KEY where several members share the name */
} hearsay_item;

/* The next message, event or notice. Waits `wait_ms` at most (0: not at all, negative: for ever),
 * then HEARSAY_TIMEOUT. What arrived while another call waited for its answer comes first. */
hearsay_code hearsay_next(hearsay_client* handle, hearsay_item* item, int wait_ms);

#ifdef __cplusplus
}
#endif

#endif
