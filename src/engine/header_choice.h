// Which headers the frames of a direction bear: what the user said, what the ports are, and what a
// neighbour answers.
#pragma once

#include "base/result.h"
#include "engine/stream.h"
#include "packet/test_frame.h"
#include "traffic/analyzer.h"
#include "traffic/profile.h"
#include "trial/trial.h"

namespace wireproof {

// MAC addresses included: of whole frames, the ports' own unless the profile says otherwise; a next
// hop is asked for, which may take seconds. Over sockets the addresses are the endpoints'. Fails
// with kUsage where nobody says where the frames are to go, or where they could not be meant to go;
// with kPrecondition where nobody answers.
[[nodiscard]] Result<HeaderSpec> choose_headers(const StreamEnds& ends,
                                                const TrafficProfile& profile, bool reverse);

// Why frames may not go to the MAC of the port that sends them, or, without one, to their source
// MAC.
[[nodiscard]] Error goes_nowhere(const MacAddress& mac, const std::optional<std::string>& port);

// The same for the result, as the frames leave.
[[nodiscard]] SentHeaders sent_headers(const HeaderSpec& headers, const StreamEnds& ends,
                                       const TrafficProfile& profile, bool reverse);
// Of whole frames, where no port is open yet: MAC addresses are absent unless the profile has them.
[[nodiscard]] SentHeaders sent_headers(const HeaderSpec& headers, const TrafficProfile& profile,
                                       bool reverse);

// What is ours among what arrives: both directions' destinations, to tell the misdirected.
// `headers`: either direction's.
[[nodiscard]] AddressMatch match_for(const TrafficProfile& profile, const HeaderSpec& headers,
                                     bool sockets);

// What a port must let through for these frames to reach it, either way.
[[nodiscard]] Result<Steering> steering_for(const TrafficProfile& profile);

}  // namespace wireproof
