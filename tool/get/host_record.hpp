// What a run has learned of one host: whether it answers, and how much it can take. Pure, with the time passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <overlap/core/time.hpp>
#include <overlap/http/error.hpp>

namespace overlap::get {

/// What the end of a request says of the host that it was for.
enum class HostSign : std::uint8_t {
  none,        ///< nothing: it failed on this machine, or was never sent
  answered,    ///< the host is there, whatever it said
  overloaded,  ///< it is there, and asks for less: 429, 503
  silent,      ///< it could not be found or reached, or it did not answer
};

/// Why a host is thought to be down: of the request that decided it.
struct HostTrouble {
  http::ErrorClass error_class = http::ErrorClass::connect;
  std::string message;
};

/// How a host is treated that does not answer.
struct HostRules {
  std::size_t max_at_once = 6;
  Duration probe_delay = std::chrono::seconds(1);  ///< before the first probe; doubles
  int probes = 4;                                  ///< that fail before a suspected host counts as down
};

/// The record of a host. A host is
///   fine       until five requests in a row got no answer; then it is
///   suspected  one request at a time probes it, later each time; the others wait. When all probes have failed it is
///   down       for half a minute, later longer; then one request probes it. Nothing waits for a host that is down.
/// Any answer makes it fine.
///
/// A host that says "less" (overloaded) gets half as much at a time, once for all that was under way then, and one more
/// for every round of good answers.
class HostRecord {
 public:
  enum class State : std::uint8_t { fine, suspected, down };

  explicit HostRecord(const HostRules& rules) : limit_(rules.max_at_once) {}

  void note(HostSign sign, TimePoint started, TimePoint now, const HostRules& rules, const HostTrouble& trouble);
  /// Something is under way, and nothing has come for long: until the next answer nothing is taken for granted.
  void doubt(TimePoint started);
  /// The failures were not the host's.
  void forgive();

  State state() const { return state_; }
  /// Whether its last sign was an answer.
  bool is_proven() const { return proven_; }
  /// Requests at a time.
  std::size_t limit() const { return state_ == State::fine ? limit_ : 1; }
  /// Nothing is asked of it before.
  TimePoint quiet_until() const { return quiet_until_; }
  /// Whether what waits for it waits in vain. `running`: requests of it, which may be a probe.
  bool is_given_up(TimePoint now, std::size_t running) const {
    return state_ == State::down && (now < quiet_until_ || running > 0);
  }
  const HostTrouble& trouble() const { return trouble_; }
  /// Overloaded signs in a row.
  int overloads() const { return overloads_; }
  /// Until when it is worth remembering though nothing is wanted of it.
  TimePoint remember_until() const { return remember_until_; }

 private:
  void answered(const HostRules& rules);
  void overloaded(TimePoint started, TimePoint now);
  void silent(TimePoint started, TimePoint now, const HostRules& rules, const HostTrouble& trouble);
  void suspect(TimePoint now, const HostRules& rules);
  void give_up(TimePoint now);
  void remember(TimePoint until);

  State state_ = State::fine;
  bool proven_ = false;
  std::size_t limit_;
  std::size_t good_ = 0;  // answers since limit_ last changed
  int overloads_ = 0;
  int silences_ = 0;  // in a row
  int probes_failed_ = 0;
  int times_down_ = 0;
  TimePoint last_answer_ = TimePoint::min();
  TimePoint lowered_at_ = TimePoint::min();
  TimePoint suspected_at_{};
  TimePoint quiet_until_ = TimePoint::min();
  TimePoint remember_until_ = TimePoint::min();
  HostTrouble trouble_;
};

}  // namespace overlap::get
