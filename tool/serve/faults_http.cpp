// Faults of connections and of HTTP's own means: statuses, redirects, names.
#include <fmt/format.h>

#include "serve/faults.hpp"

namespace overlap::serve {

Reply status_reply(int status, const Target& target, const Request& request) {
  const std::string text = fmt::format("{} {}\n", status, reason_of(status));
  const auto retry_after = target.parameter("retry-after");
  const auto location = target.parameter("location");
  Reply reply = text_reply(status, text, request.method, {});
  if (!retry_after && !location) return reply;
  auto document = std::make_shared<Document>(*reply.document);
  if (retry_after) add_field(document->head, {"Retry-After", *retry_after});
  if (location) add_field(document->head, {"Location", *location});
  reply.document = std::move(document);
  return reply;
}

namespace fault_handlers {

std::optional<Reply> drop(const FaultCall&) { return raw_reply({}, Ending::close); }

std::optional<Reply> hang(const FaultCall&) { return raw_reply({}, Ending::hang); }

std::optional<Reply> reset_next(const FaultCall& call) {
  Reply reply = text_reply(200, "the next request on this connection meets a reset\n", call.request.method);
  reply.ending = Ending::reset_next;
  return reply;
}

std::optional<Reply> status(const FaultCall& call) {
  if (call.args.size() != 1) return std::nullopt;
  const auto code = parse_number(call.args[0]);
  if (!code || *code < 200 || *code > 599) return std::nullopt;
  return status_reply(static_cast<int>(*code), call.target, call.request);
}

std::optional<Reply> flaky(const FaultCall& call) {
  if (call.args.size() != 2) return std::nullopt;
  const auto failures = parse_number(call.args[0]);
  if (!failures) return std::nullopt;
  if (call.state.count(call.target.path) <= *failures) return status_reply(503, call.target, call.request);
  return text_reply(200, "well again\n", call.request.method);
}

std::optional<Reply> redirect(const FaultCall& call) {
  if (call.args.size() != 1) return std::nullopt;
  if (call.args[0] == "no-location") return text_reply(302, "nowhere\n", call.request.method);
  if (call.args[0] != "loop") return std::nullopt;
  return text_reply(302, "round\n", call.request.method, {{"Location", call.target.whole}});
}

std::optional<Reply> disposition(const FaultCall& call) {
  const auto name = call.target.parameter("name");
  if (!name) return std::nullopt;
  std::string quoted;
  for (const char c : *name) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  const std::string value = fmt::format("attachment; filename=\"{}\"", quoted);
  return text_reply(200, "a file\n", call.request.method, {{"Content-Disposition", value}});
}

}  // namespace fault_handlers
}  // namespace overlap::serve
