/* relay/logic/template.h - fills the gaps of a page.
 *
 *   {{key}}                      the value, escaped for HTML text and quoted attributes
 *   {{#name}} ... {{/name}}      once per item of `name`, or not at all
 *
 * Sections nest. There is no other syntax: what a page shows is decided in C. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

enum {
    TEMPLATE_VALUE_MAX = 4096, /* bytes of one value before escaping; the rest is cut */
    TEMPLATE_DEPTH_MAX = 4,
};

struct template_source {
    void *arg;
    /* Writes the value of `key`; false if there is no such key. */
    bool (*value)(void *arg, struct slice key, struct buf *out);
    /* Makes item `index` of the section current; false if there is none (any more). */
    bool (*item)(void *arg, struct slice section, size_t index);
};

/* False if the template is malformed or names an unknown key: a mistake of ours that tests find.
 * Judge `out->overflowed` besides. */
bool template_render(struct slice text, const struct template_source *source, struct buf *out);

/* Text as HTML: & < > " ' escaped, control bytes and what is not UTF-8 replaced by U+FFFD. */
void template_escape(struct slice text, struct buf *out);
