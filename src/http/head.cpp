#include "http/head.hpp"

#include <algorithm>
#include <charconv>

namespace overlap::http::detail {
namespace {

constexpr std::size_t kLongestHead = 256 * 1024;
constexpr std::size_t kUsualFields = 12;

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::unexpected<std::string> wrong(const char* what) { return std::unexpected<std::string>(what); }

}  // namespace

void Head::clear() {
  headers_.clear();
  content_length_.reset();
  size_ = 0;
  status_ = 0;
  begun_ = in_head_ = complete_ = chunked_ = false;
}

std::expected<bool, std::string> Head::take(std::string_view line) {
  if (complete_) return false;
  begun_ = true;
  size_ += line.size();
  if (size_ > kLongestHead) return wrong("the head of the response is too long");
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  // find_first_of() would call memchr() for every character.
  if (std::ranges::any_of(line, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }))
    return wrong("a header has a control character in it");
  if (!in_head_) return take_status_line(line);
  if (line.empty()) return finish();
  return take_field(line);
}

// "HTTP/1.1 200 OK", "HTTP/2 200"
std::expected<bool, std::string> Head::take_status_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (!line.starts_with("HTTP/") || space == std::string_view::npos) return wrong("the response has no status line");
  const char* const begin = line.data() + space + 1;
  const char* const end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(begin, end, status_);
  if (error != std::errc() || rest - begin != 3 || (rest != end && *rest != ' ') || status_ < 100)
    return wrong("the response has a malformed status");
  headers_.clear();
  headers_.reserve(kUsualFields);
  in_head_ = true;
  return false;
}

std::expected<bool, std::string> Head::take_field(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') {  // the field before it goes on (obsolete, RFC 9112, 5.2)
    if (headers_.empty()) return wrong("the head of the response begins with a continuation line");
    headers_.last_value().append(" ").append(trimmed(line));
    return false;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return wrong("a header has no colon");
  const std::string_view name = line.substr(0, colon);
  if (name.empty() || name.find_first_of(" \t") != std::string_view::npos)
    return wrong("a header has a malformed name");
  headers_.add(std::string(name), std::string(trimmed(line.substr(colon + 1))));
  return false;
}

std::expected<bool, std::string> Head::finish() {
  in_head_ = false;
  if (status_ < 200) return false;  // the final head is still to come
  chunked_ = headers_.contains("Transfer-Encoding");
  const std::size_t lengths = headers_.count("Content-Length");
  if (lengths > 1) return wrong("the response gives its length more than once");
  if (lengths == 1) {
    if (chunked_) return wrong("the response has both Content-Length and Transfer-Encoding");
    const std::string_view text = *headers_.get("Content-Length");
    std::uint64_t length = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (error != std::errc() || rest != text.data() + text.size() || length > INT64_MAX)
      return wrong("the response has a malformed Content-Length");
    content_length_ = length;
  }
  complete_ = true;
  return true;
}

}  // namespace overlap::http::detail
