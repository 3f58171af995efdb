#include "serve/reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <iterator>

namespace overlap::serve {
namespace {

bool has_no_body(int status) { return status == 204 || status == 304; }

/// Whether an If-None-Match or If-Range value holds this tag. "W/" is skipped: the weak comparison of RFC
/// 9110, 8.8.3.2.
bool names_etag(std::string_view value, std::string_view etag) {
  return value == "*" || value.find(etag) != std::string_view::npos;
}

bool is_not_modified(const Request& request, std::string_view etag) {
  if (!request.if_none_match.empty()) return names_etag(request.if_none_match, etag);
  return request.if_modified_since == kLastModified;
}

}  // namespace

std::string make_head(int status, std::initializer_list<Field> fields) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\nServer: overlap\r\n", status, reason_of(status));
  for (const Field& field : fields) add_field(head, field);
  return head;
}

void add_field(std::string& head, Field field) {
  head += field.first;
  head += ": ";
  std::ranges::copy_if(field.second, std::back_inserter(head),
                       [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 127); });
  head += "\r\n";
}

std::string_view reason_of(int status) {
  namespace http = boost::beast::http;
  const auto reason = http::obsolete_reason(static_cast<http::status>(status));
  return {reason.data(), reason.size()};
}

Reply whole_reply(DocumentPtr document, Method method) {
  const std::uint64_t size = method == Method::head ? 0 : document->content.size();
  return {.document = std::move(document), .begin = 0, .end = size};
}

Reply text_reply(int status, std::string_view text, Method method, std::initializer_list<Field> extra) {
  auto document = std::make_shared<Document>();
  document->head = make_head(status, extra);
  if (!has_no_body(status)) {
    add_field(document->head, {"Content-Type", "text/plain"});
    add_field(document->head, {"Content-Length", fmt::to_string(text.size())});
    document->content = Content::of_text("text/plain", std::string(text));
  }
  return whole_reply(std::move(document), method);
}

Reply raw_reply(std::string bytes, Ending ending) {
  auto document = std::make_shared<Document>();
  document->head = std::move(bytes);
  return {.document = std::move(document), .ending = ending, .raw = true};
}

DocumentPtr make_document(Content content, std::string etag) {
  auto document = std::make_shared<Document>();
  const std::string length = fmt::to_string(content.size());
  document->head = make_head(200, {{"Content-Type", content.content_type()},
                                   {"Content-Length", length},
                                   {"ETag", etag},
                                   {"Last-Modified", kLastModified},
                                   {"Accept-Ranges", "bytes"}});
  document->content = std::move(content);
  document->etag = std::move(etag);
  return document;
}

Reply conditional_reply(const DocumentPtr& document, const Request& request) {
  const std::string& etag = document->etag;
  if (is_not_modified(request, etag)) {
    return text_reply(304, {}, request.method, {{"ETag", etag}, {"Last-Modified", kLastModified}});
  }
  const bool wants_part = request.method == Method::get && !request.range.empty();
  const bool same_still = request.if_range.empty() || request.if_range == etag || request.if_range == kLastModified;
  if (!wants_part || !same_still) return whole_reply(document, request.method);
  const ByteRange range = parse_range(request.range, document->content.size());
  if (range.kind == ByteRange::Kind::none) return whole_reply(document, request.method);
  if (range.kind == ByteRange::Kind::some) return partial_reply(document, range.first, range.last);
  const std::string size = fmt::format("bytes */{}", document->content.size());
  return text_reply(416, "no such range\n", request.method, {{"Content-Range", size}});
}

Reply partial_reply(const DocumentPtr& document, std::uint64_t first, std::uint64_t last) {
  const Content& content = document->content;
  const std::string range = fmt::format("bytes {}-{}/{}", first, last, content.size());
  const std::string length = fmt::to_string(last - first + 1);
  auto part = std::make_shared<Document>(*document);
  part->head = make_head(206, {{"Content-Type", content.content_type()},
                               {"Content-Length", length},
                               {"Content-Range", range},
                               {"ETag", document->etag},
                               {"Last-Modified", kLastModified}});
  return {.document = std::move(part), .begin = first, .end = last + 1};
}

ByteRange parse_range(std::string_view value, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!value.starts_with(kUnit)) return {};
  value.remove_prefix(kUnit.size());
  const auto dash = value.find('-');
  if (dash == std::string_view::npos) return {};
  const auto left = parse_number(value.substr(0, dash));
  const auto right = parse_number(value.substr(dash + 1));
  if (dash == 0) {  // the last so many bytes
    if (!right) return {};
    if (*right == 0 || size == 0) return {.kind = ByteRange::Kind::unsatisfiable};
    return {.kind = ByteRange::Kind::some, .first = size - std::min(*right, size), .last = size - 1};
  }
  const bool open = dash + 1 == value.size();
  if (!left || (!right && !open) || (right && *right < *left)) return {};
  if (*left >= size) return {.kind = ByteRange::Kind::unsatisfiable};
  return {.kind = ByteRange::Kind::some, .first = *left, .last = open ? size - 1 : std::min(*right, size - 1)};
}

}  // namespace overlap::serve
