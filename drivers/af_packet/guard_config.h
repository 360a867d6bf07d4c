/* What the guard program drops: written by guard.cc before loading, constant to the verifier.
   C and C++. */
#pragma once

#include <linux/types.h>

#define WIREPROOF_GUARD_PREFIXES_MAX 4

struct wireproof_guard_prefix {
  __u32 v6;         /* 0 or 1 */
  __u32 address[4]; /* network byte order, masked; IPv4 in the first */
  __u32 mask[4];
};

struct wireproof_guard_config {
  __u32 everything; /* drop every frame */
  __u32 prefixes;   /* how many of the following */
  __u32 l4_port;    /* network byte order */
  struct wireproof_guard_prefix prefix[WIREPROOF_GUARD_PREFIXES_MAX];
};
