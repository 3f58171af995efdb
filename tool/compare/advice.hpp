// Which model, and how much at once: from measurements of the user's own work. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/models.hpp"
#include "compare/reading.hpp"

namespace overlap::compare {

/// Runs of one model with so much at once.
struct Probe {
  cli::Model model{};
  std::size_t at_once = 1;
  std::vector<double> seconds;  ///< of each run
  double cpu_seconds = 0;       ///< of a run, median
  double stalled_seconds = 0;   ///< that its thread waited for a CPU, median
  double origin_busy = 0;       ///< as in ModelSummary
  double cpus_busy = 0;
  double machine_busy = 0;

  double median() const;
  /// How far the runs lie apart, as a share of the median; 0 of a single one.
  double noise() const;
};

/// What is known of the work besides.
struct WorkFacts {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  double longest_seconds = 0;  ///< that a single item takes by itself; 0: not known
  std::size_t cpus = 1;
  std::size_t host_limit = 0;  ///< at most so many at once, as the hosts are not to be asked for more; 0: no limit
  std::size_t accepted = 0;    ///< at most so many at once, as the servers refused one more; 0: they refused none
};

/// Items that are not part of the measurements, since they fail one after the other too: dead links.
struct LeftOut {
  std::uint64_t items = 0;
  std::uint64_t of = 0;  ///< all of them
  std::string example;   ///< what is wrong with the first one
};

/// Less than this is no gain, and apart by more than this, runs are too noisy to tell.
inline constexpr double kGain = 0.07;
inline constexpr double kTooNoisy = 0.4;

/// Whether `next` is faster than `before` by more than noise. A sweep that doubles what is at once goes on as long as
/// one of its last two steps was.
bool is_gain(const Probe& before, const Probe& next);

/// Where a sweep may stop: two steps without a gain.
bool is_exhausted(const std::vector<Probe>& sweep);

/// The first of a sweep that none after it beats by more than noise.
const Probe& knee_of(const std::vector<Probe>& sweep);

enum class Limit {
  cpu,         ///< all CPUs are busy
  loop,        ///< the one thread of the loop is busy
  origin,      ///< the built-in origin is
  others,      ///< all CPUs are busy, with what others do too: a server on this machine
  refusals,    ///< the servers refuse more
  host,        ///< no more may be asked of the hosts
  latency,     ///< everything is under way at once, and one item takes that long
  themselves,  ///< they wait for each other, or for time, and for nothing that is fetched
  untried,     ///< not known: it was the most that was tried, and still gained
  servers,     ///< more at once brings no more through, and it is too little for bandwidth to be what is short
  bandwidth,   ///< more at once brings no more through, though no CPU is known to be busy: the network or the servers
};

struct Advice {
  Nature nature{};
  double cpu_share = 0;
  cli::Model model{};
  std::size_t at_once = 1;
  std::size_t most_tried = 1;  ///< at once, of that model
  bool has_others = false;     ///< models beside inline were tried
  double seconds = 0;
  double gain = 1;  ///< over inline
  Limit limit{};
  bool knows_machine = false;  ///< whether anything else of this machine kept its CPUs busy
  double noise = 0;            ///< the largest that matters
  bool is_clear = true;        ///< it is not too noisy to tell
  bool is_short = false;       ///< too short to tell anything
  bool is_crowded = false;     ///< others had the CPUs that the work could have used
};

/// `single` is the inline model, the sweeps those of the other models; none is empty.
Advice advise(const Probe& single, const std::vector<std::vector<Probe>>& sweeps, const WorkFacts& facts);

/// "1 of 21 items fails: left out (URL: status 404)"; empty where nothing is.
std::string left_out_sentence(const LeftOut& left_out);

/// For people: what to use, why, what limits it, how it was found; in lines of this width (0: of any).
std::string advice_text(const Advice& advice, const Probe& single, const std::vector<std::vector<Probe>>& sweeps,
                        const WorkFacts& facts, std::size_t width = 0);

}  // namespace overlap::compare
