// What kept a run from doing more at a time, how long, and what would be faster.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <overlap/core/time.hpp>

#include "cli/models.hpp"

namespace overlap::get {

enum class Bound : std::uint8_t {
  run,        ///< -j, or as many as there are workers
  host,       ///< --max-per-host: every host with something to start had so many
  rate,       ///< --rate
  host_rate,  ///< --rate-per-host
  hold,       ///< hosts that asked to be left alone, or do not answer and are probed
  retry,      ///< all that was left waited for its next try
  network,    ///< there was none
  list,       ///< all that was read of the list ran, and more was to come
  end,        ///< all that was left of the list ran
};
inline constexpr std::array kBounds{Bound::run,   Bound::host,    Bound::rate, Bound::host_rate, Bound::hold,
                                    Bound::retry, Bound::network, Bound::list, Bound::end};

/// The name in --json.
std::string_view to_string(Bound bound);

/// For how long a run was bound by what. It is told now and then: what binds at one look is taken to bind until the
/// next.
class BoundTimes {
 public:
  /// Whether it is time for a look.
  bool is_due(TimePoint now) const { return !last_ || now - *last_ >= kEvery; }
  void look(Bound bound, TimePoint now);
  /// The run is over.
  void end(TimePoint now);

  Duration total() const { return total_; }
  /// Of the total, from 0 to 1.
  double share(Bound bound) const;
  /// By what it was bound longest; nothing if it was never looked at.
  std::optional<Bound> longest() const;

 private:
  static constexpr Duration kEvery = std::chrono::milliseconds(5);
  void add_until(TimePoint now);

  std::array<Duration, kBounds.size()> times_{};
  Duration total_{};
  std::optional<TimePoint> last_;
  Bound bound_ = Bound::end;
};

/// What is known of a run at its end, besides.
struct BoundContext {
  cli::Model model = cli::Model::loop;
  std::size_t workers = 1;
  std::size_t concurrency = 1;     ///< the limit of the run at its end
  std::size_t per_host = 6;        ///< the most that a host may get
  bool are_found = false;          ///< -j auto
  bool is_per_host_given = false;  ///< by --max-per-host
  std::size_t found = 0;           ///< by -j auto, at a time
  std::uint64_t holds = 0;
  double bandwidth_used = 0;  ///< of --limit-rate, from 0 to 1
  double cpu_of_loop = 0;     ///< of the time, what the loop's thread computed
};

/// One or two sentences for a person: what bound the run, and what may be faster. Empty if nothing is known.
std::string what_bound(const BoundTimes& times, const BoundContext& context);

}  // namespace overlap::get
