#include "compare/task_phases.hpp"

#include <algorithm>
#include <overlap/http/response.hpp>

namespace overlap::compare {

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::turn:
      return "waiting for its turn";
    case Phase::name_lookup:
      return "name lookup";
    case Phase::connect:
      return "connect";
    case Phase::tls:
      return "TLS";
    case Phase::first_byte:
      return "waiting for the first byte";
    case Phase::receiving:
      return "receiving";
    case Phase::sleeping:
      return "sleeping";
    case Phase::computing:
      return "computing";
    case Phase::writing:
      break;
  }
  return "writing";
}

TaskPhases phases_of(TimePoint begin, const http::Response& response) {
  TaskPhases phases;
  phases.begin_ns = begin.time_since_epoch().count();
  const std::int64_t took = since(begin);
  // What precedes the last hop: a wait in the session, or redirects.
  std::int64_t now = std::max<std::int64_t>(took - response.timings.total.count(), 0);
  phases[Phase::turn] = now;
  // Each step is given by when it was done, counted from the hop's start; 0 if it did not take place.
  const std::int64_t hop = now;
  const auto advance = [&](Phase phase, Duration done) {
    const std::int64_t end = std::clamp(hop + done.count(), now, std::max(now, took));
    phases[phase] = end - now;
    now = end;
  };
  advance(Phase::name_lookup, response.timings.name_lookup);
  advance(Phase::connect, response.timings.connect);
  advance(Phase::tls, response.timings.tls);
  advance(Phase::first_byte, response.timings.first_byte);
  phases[Phase::receiving] = std::max<std::int64_t>(took - now, 0);
  return phases;
}

std::int64_t since(TimePoint begin) { return Duration(Clock::now() - begin).count(); }

}  // namespace overlap::compare
