#include "get/concurrency.hpp"

#include <algorithm>
#include <cmath>

namespace overlap::get {
namespace {

// Of what answers take, over what they would take without a queue.
constexpr double kFlat = 1.2;
constexpr double kQueued = 1.5;
constexpr double kAim = 1.25;

constexpr std::size_t kFewestAnswers = 16;
constexpr std::size_t kMostRepeats = 8;         // a round is at most so much longer for answers that differ
constexpr std::size_t kShareOfStragglers = 16;  // one in so many is not waited for
constexpr double kPrecision = 0.08;             // the standard error of the inflation that a round should have
constexpr double kPrecisionOfTrial = 0.04;      // where a wrong conclusion would last
constexpr std::size_t kLengthOfTrial = 3;       // rounds: answers come in waves, and one need not be like the next
constexpr double kTrialStep = 1.5;
constexpr double kOurs = 0.5;     // the latency that goes with the limit to this power or more is a queue
constexpr double kFollow = 0.25;  // how much of a faster round goes into the base
constexpr std::size_t kFirstStays = 8;
constexpr std::size_t kMostStays = 256;
constexpr Duration kRefusalLasts = std::chrono::minutes(1);

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Concurrency::Concurrency(const Rules& rules)
    : rules_(rules),
      limit_(std::min(rules.start, rules.ceiling)),
      ceiling_(rules.ceiling),
      stays_before_trial_(kFirstStays) {
  begin_round();
}

void Concurrency::started(TimePoint now, std::size_t running) {
  round_.most = std::max(round_.most, running);
  if (!round_.began) round_.began = now;
  if (round_.started < round_.wanted) {
    ++round_.started;
    ++round_.open;
  } else if (!round_.ended) {
    round_.ended = now;
  }
}

bool Concurrency::is_of_round(TimePoint started) const {
  return round_.began && started >= *round_.began && (!round_.ended || started < *round_.ended);
}

void Concurrency::served(TimePoint started, TimePoint now, const Served& took) {
  if (!is_of_round(started)) return;
  const auto bytes = static_cast<double>(took.bytes);
  const double whole = to_seconds(took.whole);
  const double excess = base_ ? whole - base_->first - base_->per_byte * bytes : whole;
  ++round_.answers;
  round_.first += to_seconds(took.first);
  round_.whole += whole;
  round_.bytes += bytes;
  round_.excess += excess;
  round_.excess_squared += excess * excess;
  close(now);
}

void Concurrency::left(TimePoint started, TimePoint now) {
  if (is_of_round(started)) close(now);
}

void Concurrency::refused(TimePoint started, TimePoint now) {
  if (started < halved_at_) return;  // was under way then: it is the same piece of news
  ceiling_ = std::max<std::size_t>(1, limit_ * 9 / 10);
  refused_at_ = now;
  halve(now);
}

void Concurrency::lost(TimePoint started, TimePoint now) {
  if (started >= halved_at_) halve(now);
}

void Concurrency::halve(TimePoint now) {
  halved_at_ = now;
  searching_ = false;
  trial_.reset();
  set_limit(static_cast<double>(limit_) / 2);
  begin_round();
}

// ---- Rounds

void Concurrency::begin_round() {
  round_ = {};
  const bool is_long = trial_ && (trial_->is_again || trial_->limit < static_cast<double>(limit_));
  round_.wanted = std::max(limit_, kFewestAnswers) * (is_long ? kLengthOfTrial : 1);
}

/// What is wanted besides is a row of requests of its own, of which again nearly all are waited for.
void Concurrency::extend_round(std::size_t more) {
  round_.began.reset();
  round_.ended.reset();
  round_.started = round_.open = 0;
  round_.wanted = more;
}

/// One of the round's has ended.
void Concurrency::close(TimePoint now) {
  --round_.open;
  if (round_.started < round_.wanted || round_.open > round_.started / kShareOfStragglers) return;
  if (const std::size_t more = still_wanted(); more > 0) return extend_round(more);
  end_round(now);
  begin_round();
}

/// How many more answers make the round tell what it is to tell; 0 if it does.
std::size_t Concurrency::still_wanted() const {
  const std::size_t fewest = std::max(limit_, kFewestAnswers);
  if (round_.answers == 0) return fewest;
  const auto count = static_cast<double>(round_.answers);
  const double mean = round_.excess / count;
  const double variance = std::max(0.0, round_.excess_squared / count - mean * mean);
  const double error = (trial_ ? kPrecisionOfTrial : kPrecision) * expected() / count;
  if (error <= 0) return 0;
  const auto most = static_cast<double>(fewest * kMostRepeats);
  const auto wanted = static_cast<std::size_t>(std::min(most, variance / (error * error)));
  // A few more are not worth the wait.
  return wanted > round_.answers + round_.answers / 4 ? wanted - round_.answers : 0;
}

double Concurrency::expected() const {
  return base_ ? base_->first * static_cast<double>(round_.answers) + base_->per_byte * round_.bytes : round_.whole;
}

Concurrency::Pace Concurrency::measured() const {
  const double body = std::max(0.0, round_.whole - round_.first);
  return {round_.first / static_cast<double>(round_.answers), round_.bytes > 0 ? body / round_.bytes : 0};
}

void Concurrency::end_round(TimePoint now) {
  ++rounds_;
  if (!base_) base_ = measured();
  if (trial_ && conclude_trial(round_.whole / expected())) return;
  const Pace pace = measured();
  base_->first += kFollow * std::min(0.0, pace.first - base_->first);
  base_->per_byte += kFollow * std::min(0.0, pace.per_byte - base_->per_byte);
  const double inflation = expected() > 0 ? round_.whole / expected() : 1;
  if (round_.most >= limit_) {
    if (inflation <= kFlat) {
      grow(now);
    } else if (inflation <= kQueued) {
      stay(inflation);
    } else {
      lower(inflation);
    }
  }
}

/// Whether the latency went with the limit: then it is waiting, and the limit's doing. Else answers take so long now.
/// True if that settles the limit for now.
bool Concurrency::conclude_trial(double inflation) {
  const auto limit = static_cast<double>(limit_);
  const double power = std::log(inflation / trial_->inflation) / std::log(limit / trial_->limit);
  const Trial trial = *trial_;
  trial_.reset();
  const bool was_raised = trial.limit < limit;
  if (power < kOurs && was_raised) {
    // Were it wrong, it would be so for good: what happened by chance meanwhile does not happen the other way round
    // too.
    trial_ = {limit, inflation, true};
    set_limit(trial.limit);
    return true;
  }
  if (power < kOurs) {
    base_ = measured();
    stays_before_trial_ = kFirstStays;
    return false;
  }
  if (was_raised) set_limit(trial.limit);
  if (was_raised || trial.is_again) stays_before_trial_ = std::min(stays_before_trial_ * 2, kMostStays);
  return was_raised || trial.is_again;
}

void Concurrency::grow(TimePoint now) {
  stays_ = 0;
  if (ceiling_ < rules_.ceiling && now - refused_at_ >= kRefusalLasts) {
    ceiling_ += 1 + ceiling_ / 10;
    refused_at_ = now;
  }
  const auto limit = static_cast<double>(limit_);
  set_limit(searching_ ? limit * 2 : limit + std::sqrt(limit));
}

void Concurrency::stay(double inflation) {
  searching_ = false;
  if (++stays_ < stays_before_trial_ || limit_ >= ceiling_) return;
  stays_ = 0;
  trial_ = {static_cast<double>(limit_), inflation};
  set_limit(static_cast<double>(limit_) * kTrialStep);
}

void Concurrency::lower(double inflation) {
  searching_ = false;
  stays_ = 0;
  if (limit_ == 1) base_ = measured();  // nothing waits behind itself
  const std::size_t before = limit_;
  set_limit(static_cast<double>(limit_) * std::max(0.5, kAim / inflation));
  if (limit_ < before) trial_ = {static_cast<double>(before), inflation};
}

void Concurrency::set_limit(double limit) {
  limit_ = std::clamp<std::size_t>(static_cast<std::size_t>(limit), 1, std::min(ceiling_, rules_.ceiling));
}

}  // namespace overlap::get
