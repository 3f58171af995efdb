// Faults of bodies: cut short, endless, slow, and what becomes of an attempt to fetch the rest.
#include <fmt/format.h>

#include <array>
#include <limits>

#include "serve/faults.hpp"

namespace overlap::serve::fault_handlers {
namespace {

constexpr std::uint64_t kDefaultSize = 100'000;

/// The head promises all of `content`, half of it is sent.
Reply half_reply(const FaultCall& call, DocumentPtr document, Ending ending) {
  Reply reply = whole_reply(std::move(document), call.request.method);
  reply.end /= 2;
  reply.ending = ending;
  return reply;
}

DocumentPtr bytes_document(std::uint64_t size, std::uint64_t seed, std::string etag) {
  return make_document(Content::of_bytes(size, seed), std::move(etag));
}

std::optional<Reply> cut_short(const FaultCall& call, Ending ending) {
  const auto size = call.size_arg(0, kDefaultSize);
  if (!size) return std::nullopt;
  return half_reply(call, bytes_document(*size, call.seed, "\"whole\""), ending);
}

/// A 206 whose head speaks of other bytes than were asked for.
Reply shifted_reply(const DocumentPtr& document, const ByteRange& range) {
  Reply reply = partial_reply(document, range.first, range.last);
  auto shifted = std::make_shared<Document>(*reply.document);
  const std::string length = fmt::to_string(range.last - range.first + 1);
  const std::string sent = fmt::format("bytes {}-{}/{}", range.first + 1, range.last + 1, document->content.size() + 1);
  shifted->head = make_head(206, {{"Content-Length", length}, {"Content-Range", sent}, {"ETag", document->etag}});
  reply.document = std::move(shifted);
  return reply;
}

Reply multipart_reply(const DocumentPtr& document, const ByteRange& range) {
  const std::string part(range.last - range.first + 1, 'x');
  const std::string body = fmt::format("--part\r\nContent-Range: bytes {}-{}/{}\r\n\r\n{}\r\n--part--\r\n", range.first,
                                       range.last, document->content.size(), part);
  const std::string length = fmt::to_string(body.size());
  auto parts = std::make_shared<Document>();
  parts->head = make_head(
      206,
      {{"Content-Type", "multipart/byteranges; boundary=part"}, {"Content-Length", length}, {"ETag", document->etag}});
  parts->content = Content::of_text("multipart/byteranges", body);
  return whole_reply(std::move(parts), Method::get);
}

constexpr std::array<std::string_view, 7> kResumeKinds{"good",     "ignored",   "shifted",      "changed",
                                                       "replaced", "multipart", "unsatisfiable"};

}  // namespace

std::optional<Reply> truncate(const FaultCall& call) { return cut_short(call, Ending::close); }

std::optional<Reply> reset(const FaultCall& call) { return cut_short(call, Ending::reset); }

std::optional<Reply> endless(const FaultCall& call) {
  auto document = std::make_shared<Document>();
  document->head = make_head(200, {{"Content-Type", "application/octet-stream"}});
  document->content = Content::of_bytes(std::numeric_limits<std::uint64_t>::max(), call.seed);
  Reply reply = whole_reply(std::move(document), call.request.method);
  reply.ending = Ending::close;
  return reply;
}

std::optional<Reply> slow(const FaultCall& call) {
  const auto rate = call.size_arg(0, 0);
  const auto size = call.size_arg(1, kDefaultSize);
  if (!rate || *rate == 0 || !size) return std::nullopt;
  Reply reply = whole_reply(bytes_document(*size, call.seed, "\"slow\""), call.request.method);
  reply.bandwidth = *rate;
  return reply;
}

std::optional<Reply> error_page(const FaultCall& call) {
  auto document = std::make_shared<Document>();
  document->content = Content::of_text("text/html", "<html><body><h1>Service unavailable</h1></body></html>\n");
  const std::string length = fmt::to_string(document->content.size());
  document->head = make_head(200, {{"Content-Type", "text/html"}, {"Content-Length", length}});
  return whole_reply(std::move(document), call.request.method);
}

/// The first request for the whole of a path gets half of it, with a tag, and later ones all. What a request for the
/// rest gets:
///   good           the rest
///   ignored        200 and the whole
///   shifted        206, but of other bytes
///   changed        200, another body and tag: the If-Range did not hold
///   replaced       206 of the right bytes, but of another body, as its tag says
///   multipart      206 in the multipart form, which nobody asked for
///   unsatisfiable  416
std::optional<Reply> resume(const FaultCall& call) {
  const auto size = call.size_arg(1, kDefaultSize);
  if (call.args.empty() || std::ranges::find(kResumeKinds, call.args[0]) == kResumeKinds.end() || !size) {
    return std::nullopt;
  }
  const std::string_view kind = call.args[0];
  const DocumentPtr document = bytes_document(*size, call.seed, "\"first\"");
  const ByteRange range = parse_range(call.request.range, *size);
  if (range.kind != ByteRange::Kind::some) {
    const bool is_first = call.state.count(call.target.whole) == 1;
    return is_first ? half_reply(call, document, Ending::close) : whole_reply(document, call.request.method);
  }
  if (kind == "good") return conditional_reply(document, call.request);
  if (kind == "ignored") return whole_reply(document, call.request.method);
  if (kind == "shifted") return shifted_reply(document, range);
  if (kind == "multipart") return multipart_reply(document, range);
  if (kind == "unsatisfiable") {
    const std::string whole = fmt::format("bytes */{}", *size);
    return text_reply(416, "no such range\n", call.request.method, {{"Content-Range", whole}});
  }
  const DocumentPtr other = bytes_document(*size, call.seed + 1, "\"second\"");
  if (kind == "changed") return whole_reply(other, call.request.method);
  return partial_reply(other, range.first, range.last);
}

}  // namespace overlap::serve::fault_handlers
