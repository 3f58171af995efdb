// Whether it is the network that is down, rather than hosts. Pure, with the time passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <overlap/core/time.hpp>

namespace overlap::get {

/// Watches the requests of a run for the sign of a network that is gone: a dozen failures in a row to reach hosts,
/// three of them at least, without any answer in between. Then nothing is started but one request now and then, until
/// one is answered.
///
/// Hosts that are dead look the same when no others are left to ask. So an address that has answered before is tried
/// too (Beacon): where that can be reached, the network is there. Without such an address, or where it is lookups that
/// fail, the pause ends after some probes, and nothing is paused again before an answer has come.
class Outage {
 public:
  explicit Outage(Duration first_pause) : first_pause_(first_pause) {}

  /// A request, which was started then, could not reach its host. True: it is the network's fault, not the host's.
  bool unreachable(const std::string& host, bool is_lookup, TimePoint started, TimePoint now);
  /// A request, which was started then, ended without saying anything of the network.
  void inconclusive(TimePoint started, TimePoint now);
  /// A request was answered. True if that ends the outage.
  bool answered();
  /// The address that had answered before could not be reached.
  void beacon_missed() { beacon_was_missed_ = true; }
  enum class Finding : std::uint8_t {
    nothing,
    network_back,   ///< the outage is over
    hosts_at_fault  ///< there was none: the network was there all along
  };
  /// That address was reached.
  Finding beacon_reached();

  bool is_out() const { return out_; }
  /// Whether it is time for a probe, which then begins; always while there is no outage.
  bool may_start(TimePoint now);
  /// There was nothing to begin it with.
  void put_off_probe(TimePoint now);
  /// When may_start() will say so.
  std::optional<TimePoint> next_wake_up() const;
  /// Whether there is an address that has answered before.
  void set_beacon(bool has_beacon) { has_beacon_ = has_beacon; }

 private:
  void note_failed_probe(TimePoint now);
  void end();

  const Duration first_pause_;
  bool out_ = false;
  bool armed_ = true;  // an answer has come since the last outage that was none
  bool probing_ = false;
  bool has_beacon_ = false;
  bool beacon_was_missed_ = false;  // in this outage
  std::size_t failures_ = 0;        // since the last answer
  std::size_t lookups_ = 0;         // of these
  std::vector<std::string> hosts_;
  int probes_failed_ = 0;
  TimePoint out_since_{};
  TimePoint next_probe_{};
};

}  // namespace overlap::get
