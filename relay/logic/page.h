/* relay/logic/page.h - the page at "/" as HTML, in English or Korean.
 *
 * The template comes in as text (relay/web/index.html); words are in words.def. The first byte
 * already has real numbers, so it works without a script. */
#pragma once

#include "relay/logic/overview.h"

struct page_text {
    struct slice html;
    bool korean;
};

/* False if the template is broken or the page does not fit `out`; OVERVIEW_TEXT_BYTES_MAX is
 * enough. */
bool page_render(const struct overview *o, const struct page_text *text, struct buf *out);

/* "1,234,567" */
void page_write_count(uint64_t n, struct buf *out);
/* "999 B", "1.2 MB", "34 GB": decimal units, at most three digits */
void page_write_bytes(uint64_t n, struct buf *out);
/* "3 d 4 h" / "3일 4시간": the two largest units, rounded down; "0 s" */
void page_write_age(uint64_t seconds, bool korean, struct buf *out);
