/* test/fakes/relay_main/fake_front.h - an HTTP front without sockets: full sibling of http_mhd.
 *
 * Drives one front_handler in memory, collects the answer and pulls its source. It keeps the
 * promises of relay/logic/ports/front.h: head, body, finish and gone come from the calling thread,
 * in that order; a body piece that was not taken whole is kept until front_resume(); after
 * front_answer() no more body is handed over; the first answer wins.
 *
 *   struct front_exchange *x = fake_front_begin(&handler, "POST", "/upload?x=1", "Host: a\r\n");
 *   fake_front_send(x, data, len);
 *   fake_front_finish(x);
 *   assert_int_equal(fake_front_wait(x), 200);
 *   ... fake_front_body(x), fake_front_header(x, "ETag") ...
 *   fake_front_end(x);
 */
#pragma once

#include "relay/logic/ports/front.h"

enum { FAKE_FRONT_WAIT_S = 20 }; /* an answer that takes longer fails the test */

/* Begins a request. `target` is as on the request line: percent-decoded here. `headers` are lines
 * "Name: value\r\n" or NULL; Content-Length and Transfer-Encoding among them fill front_head. */
struct front_exchange *fake_front_begin(const struct front_handler *handler, const char *method,
                                        const char *target, const char *headers);

/* Hands over body bytes, waiting while the handler holds them up. True if they were taken or an
 * answer made them needless. */
bool fake_front_send(struct front_exchange *x, const void *data, size_t len);
/* As fake_front_send, but never waits: answers how much the handler took; what it did not take is
 * the caller's to send again. */
size_t fake_front_try(struct front_exchange *x, const void *data, size_t len);

/* The body is complete (`finish` is called unless there is an answer already). */
void fake_front_finish(struct front_exchange *x);

/* The peer goes away now; `gone(sent = false)` is called. Only fake_front_end may follow. */
void fake_front_vanish(struct front_exchange *x);

/* Waits for the answer and answers its status; pulls the source, if any, to its end. */
unsigned fake_front_wait(struct front_exchange *x);
bool fake_front_answered(struct front_exchange *x); /* without waiting */

/* Of the answer; valid until fake_front_end. */
const char *fake_front_header(const struct front_exchange *x, const char *name); /* NULL: absent */
const char *fake_front_type(const struct front_exchange *x);                     /* NULL: none */
struct slice fake_front_body(const struct front_exchange *x); /* what a client would have got */
uint64_t fake_front_length(const struct front_exchange *x);   /* announced; UINT64_MAX: chunked */
bool fake_front_cut(const struct front_exchange *x);    /* the source failed: connection closed */
bool fake_front_closes(const struct front_exchange *x); /* the answer asked to close */

/* Ends the exchange: `gone(sent = true)` unless it vanished, and frees. */
void fake_front_end(struct front_exchange *x);
/* Ends whatever a failed test left open, so that what is under test can be torn down. Exchanges are
 * begun and ended on one thread. */
void fake_front_end_all(void);

/* begin + finish + wait for a request without a body. */
struct front_exchange *fake_front_ask(const struct front_handler *handler, const char *method,
                                      const char *target, const char *headers);
