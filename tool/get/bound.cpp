#include "get/bound.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace overlap::get {
namespace {

constexpr double kUsedUp = 0.85;  // what is used to this share is what binds, whatever else there is
constexpr double kBurst = 2;      // what came beyond this share came at once, before the limit could bind

int percent(double share) { return static_cast<int>(share * 100 + 0.5); }

std::string of_run(const BoundContext& context) {
  switch (context.model) {
    case cli::Model::inline_:
      return "one request after the other (--model inline). --model loop has many under way.";
    case cli::Model::threads:
    case cli::Model::processes:
      if (context.concurrency < context.workers) break;
      return fmt::format("the {} workers. --workers {} may be faster, or --model loop, which waits without workers.",
                         context.workers, context.workers * 2);
    case cli::Model::loop:
      break;
  }
  if (context.are_found)
    return fmt::format(
        "the limit that -j auto has found, {} at a time: more would have waited for the hosts, or for this "
        "machine.",
        context.found);
  return fmt::format("the limit of {} requests at a time. -j {} or -j auto may be faster.", context.concurrency,
                     context.concurrency * 2);
}

std::string of_host(const BoundContext& context) {
  if (!context.are_found)
    return fmt::format(
        "the limit of {} requests a host. --max-per-host {} or -j auto may be faster, if the host allows "
        "it.",
        context.per_host, context.per_host * 2);
  if (context.is_per_host_given && context.found >= context.per_host)
    return fmt::format("the limit of {} requests a host, which --max-per-host sets for -j auto.", context.per_host);
  return fmt::format(
      "the limits that -j auto has found for hosts ({} at a time in all): more would have waited there, or "
      "was refused.",
      context.found);
}

std::string of(Bound bound, const BoundContext& context) {
  switch (bound) {
    case Bound::run:
      return of_run(context);
    case Bound::host:
      return of_host(context);
    case Bound::rate:
      return "--rate. Only a higher one is faster.";
    case Bound::host_rate:
      return "--rate-per-host. Only a higher one is faster, if the host allows it.";
    case Bound::hold:
      return fmt::format(
          "hosts that asked to be left alone, or did not answer ({} time{}). With fewer at a time "
          "(--max-per-host, -j auto) they may refuse less.",
          context.holds, context.holds == 1 ? "" : "s");
    case Bound::retry:
      return "waiting before another try of what had failed. A shorter --retry-delay waits less.";
    case Bound::network:
      return "there was no network.";
    case Bound::list:
      return "the list, which came slower than it was fetched.";
    case Bound::end:
      return "the end of the list: all that was left was under way.";
  }
  return {};
}

}  // namespace

std::string_view to_string(Bound bound) {
  switch (bound) {
    case Bound::run:
      return "run";
    case Bound::host:
      return "host";
    case Bound::rate:
      return "rate";
    case Bound::host_rate:
      return "host_rate";
    case Bound::hold:
      return "hold";
    case Bound::retry:
      return "retry";
    case Bound::network:
      return "network";
    case Bound::list:
      return "list";
    case Bound::end:
      break;
  }
  return "end";
}

void BoundTimes::look(Bound bound, TimePoint now) {
  add_until(now);
  last_ = now;
  bound_ = bound;
}

void BoundTimes::end(TimePoint now) {
  add_until(now);
  last_.reset();
}

void BoundTimes::add_until(TimePoint now) {
  if (!last_ || now <= *last_) return;
  times_[static_cast<std::size_t>(bound_)] += now - *last_;
  total_ += now - *last_;
}

double BoundTimes::share(Bound bound) const {
  if (total_ == Duration::zero()) return 0;
  return static_cast<double>(times_[static_cast<std::size_t>(bound)].count()) / static_cast<double>(total_.count());
}

std::optional<Bound> BoundTimes::longest() const {
  if (total_ == Duration::zero()) return std::nullopt;
  return static_cast<Bound>(std::ranges::max_element(times_) - times_.begin());
}

std::string what_bound(const BoundTimes& times, const BoundContext& context) {
  const auto longest = times.longest();
  if (!longest) return {};
  if (context.bandwidth_used >= kUsedUp && context.bandwidth_used < kBurst)
    return fmt::format("What bound: --limit-rate, {} % of which was used. Only a higher one is faster.",
                       percent(std::min(context.bandwidth_used, 1.0)));
  if (context.model == cli::Model::loop && context.cpu_of_loop >= kUsedUp)
    return fmt::format(
        "What bound: the loop's one thread, which computed {} % of the time. More at a time is no faster; "
        "--model threads or processes may be.",
        percent(context.cpu_of_loop));
  return fmt::format("What bound, {} % of the time: {}", percent(times.share(*longest)), of(*longest, context));
}

}  // namespace overlap::get
