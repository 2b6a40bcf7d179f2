/* Whatever a server says: the reader ends, stays inside, and says the same at every split. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "camera/logic/answer.h"
#include "camera/logic/reply.h"
#include "camera/logic/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct reply *r, const char *data, size_t len, size_t piece)
{
    reply_init(r);
    enum reply_state s = REPLY_MORE;
    for (size_t at = 0; at < len && s == REPLY_MORE;) {
        size_t n = len - at < piece ? len - at : piece, used = 0;
        s = reply_feed(r, data + at, n, &used);
        assert(used <= n && (used == n || s != REPLY_MORE));
        at += used;
    }
    (void)reply_end(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reply whole, pieces;
    const char *text = (const char *)data;
    read_all(&whole, text, size, size + 1);
    read_all(&pieces, text, size, size > 0 ? data[0] % 7 + 1U : 1U);
    assert(whole.state == pieces.state && whole.state != REPLY_MORE);
    if (whole.state == REPLY_DONE) {
        assert(whole.status >= 200 && whole.status <= 999 && whole.status == pieces.status);
        assert(whole.body_kept == pieces.body_kept && whole.keep_alive == pieces.keep_alive);
        assert(memcmp(whole.body, pieces.body, whole.body_kept) == 0);
        struct shot s = {.length_bytes = 10};
        (void)verdict_of_reply(&whole, &s);
    }
    struct answer a;
    if (!answer_read((struct slice){text, size}, &a))
        assert(!a.has_success && !a.has_size && a.sha256.len == 0);
    return 0;
}
