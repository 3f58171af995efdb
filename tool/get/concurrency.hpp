// How many requests at a time are worth it, found while they run. Pure bookkeeping with the time passed in.
//
// The rule is of the family of TCP Vegas (Brakmo and Peterson, 1994), with its use for requests in Netflix's
// concurrency-limits and in Envoy's adaptive concurrency: latency beyond that of a host with nothing to do is waiting
// in a queue, and by Little's law (requests under way = throughput x latency) more of it buys no throughput. Slow
// start, additive increase and multiplicative decrease are those of TCP (RFC 5681).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <overlap/core/time.hpp>

namespace overlap::get {

/// What a request took that got its answer.
struct Served {
  Duration first{};  ///< until the first byte came, from when there was a connection
  Duration whole{};  ///< until the last one
  std::uint64_t bytes = 0;
};

/// Finds the limit on requests at a time, of one host or of a run, that gives nearly all of the throughput there is and
/// no long queue.
///
/// Goes by rounds. A round is as many requests in a row as the limit, or more if their answers differ much, and is over
/// when nearly all of them have ended: the quick ones alone would tell too good a story. What they took is compared
/// with what the same answers (their number, their bytes) would have taken when there was no queue:
///   up to a fifth more   the limit grows: doubled while searching, later by its square root
///   up to half more      it stays: there is always something waiting at the host, and not much
///   more                 it is lowered to where a quarter would wait; at most halved
/// A lower limit that does not make answers faster was not the cause: then that is how long they take now. So is a
/// higher one, tried now and then, that does not make them slower.
///
/// A refusal (429, 503) halves the limit, once for all that was under way, and keeps it below what was refused.
class Concurrency {
 public:
  struct Rules {
    std::size_t start = 6;
    std::size_t ceiling = 1024;
  };

  explicit Concurrency(const Rules& rules);

  std::size_t limit() const { return limit_; }
  /// Whether it is still doubled round by round.
  bool is_searching() const { return searching_; }
  /// Whether there is something to lose by forgetting it.
  bool has_learned() const { return rounds_ > 0; }

  /// A request starts, so many run with it. A limit that nobody reaches says nothing, and is not changed. What was
  /// started is told of once more, by one of those below; `started` there is not before `now` here.
  void started(TimePoint now, std::size_t running);
  void served(TimePoint started, TimePoint now, const Served& took);
  /// The host said that it is too much.
  void refused(TimePoint started, TimePoint now);
  /// No answer came in time.
  void lost(TimePoint started, TimePoint now);
  /// It ended, or hangs, and says nothing.
  void left(TimePoint started, TimePoint now);

 private:
  /// What answers take when there is no queue: in seconds, and in seconds a byte.
  struct Pace {
    double first = 0;
    double per_byte = 0;
  };
  /// Requests in a row, and sums over their answers.
  struct Round {
    std::optional<TimePoint> began;  // with the first of its requests
    std::optional<TimePoint> ended;  // with the first that is none of its own
    std::size_t wanted = 0;
    std::size_t started = 0;  // of the wanted
    std::size_t open = 0;     // of these, have not ended
    std::size_t answers = 0;
    std::size_t most = 0;  // that ran at a time
    double first = 0;
    double whole = 0;
    double bytes = 0;
    double excess = 0;  // over what they should have taken
    double excess_squared = 0;
  };
  /// A change of the limit of which it is not known yet what it does.
  struct Trial {
    double limit = 0;       // before it
    double inflation = 0;   // the same
    bool is_again = false;  // back from a higher limit that made answers no slower: whether that was so
  };

  bool is_of_round(TimePoint started) const;
  void close(TimePoint now);
  std::size_t still_wanted() const;
  void begin_round();
  void extend_round(std::size_t more);
  void end_round(TimePoint now);
  bool conclude_trial(double inflation);
  void grow(TimePoint now);
  void stay(double inflation);
  void lower(double inflation);
  void halve(TimePoint now);
  void set_limit(double limit);
  Pace measured() const;
  double expected() const;

  const Rules rules_;
  std::size_t limit_;
  std::size_t ceiling_;
  bool searching_ = true;
  std::size_t rounds_ = 0;
  std::optional<Pace> base_;
  Round round_;
  std::optional<Trial> trial_;
  std::size_t stays_ = 0;           // rounds in a row without a change
  std::size_t stays_before_trial_;  // as many of them until a higher limit is tried
  TimePoint halved_at_ = TimePoint::min();
  TimePoint refused_at_ = TimePoint::min();
};

}  // namespace overlap::get
