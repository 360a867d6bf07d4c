// A wire in memory: no privilege, no NIC, the same loss on every machine. The reference for every
// test and for the cost of the packet path.
//
// Ports. `loopback:a` and `loopback:b`, opened from the same Backend object, are the two ends of
// one wire; a number names another wire: `a1` and `b1`, `a2` and `b2`, to 99. Each end is open once
// at a time. What is sent at one end arrives at the other, queue i to queue i; where the other end
// is not open or has fewer queues it falls out of the wire (counter `no_receiver`).
//
// Options of an end spoil what is sent from it (io/wire_options.h): loss, duplicate, reorder,
// reorder-by, corrupt, delay, jitter, rate, queue, excess-loss, seed. With several queues each is a
// lane of its own with an equal share of the rate and the queue and its own run of the seed. A
// frame that waits for successors to overtake it is let go once nothing has been sent behind it for
// 50 ms.
//
// Frames pass by pointer. Received frames are the sender's buffers: whoever writes to one sets its
// template_id to 0 (as the wire itself does with a frame it damages). Frames stamp when they
// arrived: at the submit, plus what the wire added (rx_stamp "wire"). When the receiver does not
// poll, ring_frames wait and the rest is counted in its rx_ring_dropped, as in a NIC; submit takes
// everything.
//
// A delay of many frames needs as many buffers: the sender has room for 65,536 frames under way at
// the most; beyond that borrow lends none until some have arrived.
#pragma once

#include <memory>

#include "io/backend.h"

namespace wireproof {

[[nodiscard]] std::unique_ptr<Backend> make_loopback_backend();

}  // namespace wireproof
