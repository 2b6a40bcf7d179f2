/* relay/logic/layout.h - where things lie below the photo folder (all paths relative to it). */
#pragma once

#define LAYOUT_HOME ".camrelay"
#define LAYOUT_TMP ".camrelay/tmp"         /* uploads that are not photos yet; swept at start */
#define LAYOUT_JOURNAL ".camrelay/journal" /* records that cannot lie with their file */
#define LAYOUT_QUARANTINE ".camrelay/quarantine" /* damaged files, for a person to look at */
#define LAYOUT_AUDIO ".camrelay/audio"           /* recordings that are not finished yet */
#define LAYOUT_CRASHES ".camrelay/crashes"       /* core dumps of cameras */
#define LAYOUT_THUMBS ".camrelay/thumbs"         /* small pictures for the page; may be deleted */
#define LAYOUT_DATABASE ".camrelay/state.db"
/* Beside .camrelay, and made only where that is a mount of its own, out of which nothing can be
 * moved to the photos. */
#define LAYOUT_NEAR ".camrelay.near"
#define LAYOUT_NEAR_TMP ".camrelay.near/tmp"
#define LAYOUT_NEAR_AUDIO ".camrelay.near/audio"
#define LAYOUT_NEAR_QUARANTINE ".camrelay.near/quarantine"
#define LAYOUT_LOCK ".camrelay/lock"
