#include "serve/responder.hpp"

#include <fmt/format.h>

#include "serve/mix.hpp"

namespace overlap::serve {
namespace {

// Each kind of draw by seed and number has a stream of its own, so that none follows from another.
constexpr std::uint64_t kJitterStream = 0x6a6974746572;
constexpr std::uint64_t kFaultStream = 0x6661756c74;

std::uint64_t draw(std::uint64_t seed, std::uint64_t stream, std::uint64_t serial) {
  return mix(mix(seed ^ stream) + serial * kGolden);
}

Reply not_found(const Request& request) { return text_reply(404, "no such path\n", request.method); }

/// The hop to N - 1; the last goes to the query's "to", or ends at /redirect/0.
Reply redirect_reply(const Target& target, std::uint64_t hops, const Request& request) {
  const auto code = parse_number(target.parameter("code").value_or("302"));
  if (!code || *code < 300 || *code > 399) return not_found(request);
  const auto to = target.parameter("to");
  std::string location = fmt::format("/redirect/{}", hops - 1);
  if (hops == 1 && to) {
    location = *to;
  } else if (hops > 1 && !target.query.empty()) {
    location += fmt::format("?{}", target.query);
  }
  return text_reply(static_cast<int>(*code), "elsewhere\n", request.method, {{"Location", location}});
}

/// The request as it was understood, so that a test sees what a client sent.
Reply echo_reply(const Request& request) {
  const std::string text = fmt::format("{}\r\n{}\r\n{}", request.line, request.fields, request.body);
  return text_reply(200, text, request.method);
}

}  // namespace

std::chrono::nanoseconds delay_of(const OriginOptions& options, std::uint64_t serial) {
  if (options.jitter.count() == 0) return options.latency;
  const double share = to_unit(draw(options.seed, kJitterStream, serial));
  const auto extra = static_cast<double>(options.jitter.count()) * share;
  return options.latency + std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(extra));
}

ChosenFault chosen_fault(const OriginOptions& options, std::uint64_t serial) {
  if (options.fault_rate <= 0) return ChosenFault::none;
  const std::uint64_t bits = draw(options.seed, kFaultStream, serial);
  if (to_unit(bits) >= options.fault_rate) return ChosenFault::none;
  return (bits & 1) == 0 ? ChosenFault::unavailable : ChosenFault::reset;  // a bit that to_unit() does not use
}

std::optional<Reply> Responder::reply(const Request& request, std::uint64_t serial) {
  const ChosenFault fault = chosen_fault(site_.options, serial);
  if (fault == ChosenFault::none && request.method != Method::other) {
    if (const DocumentPtr cached = cache_.find(request.target)) return conditional_reply(cached, request);
  }
  const Target target = split_target(request.target);
  const Route route = route_of(target);
  if (route.kind == RouteKind::fault) {
    auto reply = fault_reply(route.text, target, request, site_.options.seed, site_.faults);
    return reply ? std::move(*reply) : not_found(request);
  }
  if (fault == ChosenFault::unavailable) return status_reply(503, target, request);
  if (fault == ChosenFault::reset) return raw_reply({}, Ending::reset);
  if (route.kind == RouteKind::echo) return echo_reply(request);
  if (request.method == Method::other) {
    return text_reply(405, "GET and HEAD only\n", request.method, {{"Allow", "GET, HEAD"}});
  }
  return make_reply(target, route, request);
}

std::optional<Reply> Responder::make_reply(const Target& target, const Route& route, const Request& request) {
  switch (route.kind) {
    case RouteKind::unknown:
      return not_found(request);
    case RouteKind::status:
      return status_reply(static_cast<int>(route.number), target, request);
    case RouteKind::redirect:
      return redirect_reply(target, route.number, request);
    case RouteKind::image: {
      const DocumentPtr made = site_.images.find(target.path);
      if (!made) return std::nullopt;
      return image_reply(made, request);
    }
    default:
      return content_reply(target, route, request);
  }
}

Reply Responder::content_reply(const Target& target, const Route& route, const Request& request) {
  const std::uint64_t seed = site_.options.seed;
  const DocumentPtr document = make_document(make_content(target, route, seed), etag_for(target, route, seed));
  const std::size_t held = document->content.text() == nullptr ? 0 : document->content.text()->size();
  cache_.insert(request.target, document, sizeof(Document) + document->head.size() + held);
  return conditional_reply(document, request);
}

Reply Responder::image_reply(const DocumentPtr& document, const Request& request) {
  if (!document) return text_reply(500, "the picture could not be made\n", request.method);
  return conditional_reply(document, request);
}

}  // namespace overlap::serve
