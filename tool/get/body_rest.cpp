#include "get/body_rest.hpp"

#include <charconv>

#include <fmt/format.h>

#include "cli/escape.hpp"

namespace overlap::get {
namespace {

bool is_strong(std::string_view etag) { return etag.size() > 2 && etag.starts_with('"') && etag.ends_with('"'); }

std::string value_of(const http::Response& head, std::string_view name) {
  return std::string(head.headers.get(name).value_or(""));
}

/// Takes a decimal number off the front.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view text) {
  ContentRange range;
  if (!take(text, "bytes ")) return std::nullopt;
  const auto first = take_number(text);
  if (!first || !take(text, "-")) return std::nullopt;
  const auto last = take_number(text);
  if (!last || !take(text, "/")) return std::nullopt;
  range.first = *first;
  range.last = *last;
  if (text == "*") return range;
  const auto total = take_number(text);
  if (!total || !text.empty() || *last < *first || *total <= *last) return std::nullopt;
  range.total = *total;
  return range;
}

std::optional<CutBody> if_cut(const http::Response& head, const CutBody& before) {
  if (head.status == 206 && !before.empty()) return before;
  if (head.status != 200 || head.headers.contains("Content-Encoding")) return std::nullopt;
  if (http::same_name(value_of(head, "Accept-Ranges"), "none")) return std::nullopt;
  CutBody body;
  const std::string etag = value_of(head, "ETag");
  if (is_strong(etag)) body.etag = etag;
  if (etag.empty()) body.last_modified = value_of(head, "Last-Modified");
  if (body.etag.empty() && body.last_modified.empty()) return std::nullopt;
  const std::string length = value_of(head, "Content-Length");
  std::string_view digits = length;
  body.total = take_number(digits).value_or(0);
  return body;
}

void ask_for_rest(http::Request& request, const CutBody& body) {
  if (body.empty()) return;
  request.headers.add("Range", fmt::format("bytes={}-", body.size));
  request.headers.add("If-Range", body.etag.empty() ? body.last_modified : body.etag);
}

std::expected<std::uint64_t, std::string> check_rest(const http::Response& head, const CutBody& body) {
  const auto bad = [](std::string why) { return std::unexpected("what came is not the rest of the body: " + why); };
  const std::string text = value_of(head, "Content-Range");
  const auto range = parse_content_range(text);
  if (!range) return bad(fmt::format("its Content-Range is '{}'", cli::escape_for_terminal(text, 100)));
  if (range->first != body.size) return bad(fmt::format("it begins at {}, not {}", range->first, body.size));
  if (body.total != 0 && range->total != 0 && range->total != body.total)
    return bad(fmt::format("the whole has {} bytes, not {}", range->total, body.total));
  const std::uint64_t total = range->total != 0 ? range->total : body.total;
  if (total == 0) return bad("nothing says how long the whole is");
  if (range->last + 1 != total) return bad(fmt::format("it ends at {} of {}", range->last, total));
  const std::string length = value_of(head, "Content-Length");
  if (!length.empty() && length != std::to_string(total - body.size))
    return bad(fmt::format("it has {} bytes, not {}", cli::escape_for_terminal(length, 100), total - body.size));
  if (head.headers.contains("Content-Encoding")) return bad("it is encoded");
  const std::string etag = value_of(head, "ETag");
  const bool is_other =
      body.etag.empty() ? value_of(head, "Last-Modified") != body.last_modified : !etag.empty() && etag != body.etag;
  if (is_other) return bad("it is of another version");
  return total;
}

}  // namespace overlap::get
