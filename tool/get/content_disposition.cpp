#include "get/content_disposition.hpp"

#include <algorithm>
#include <cctype>

#include "cli/escape.hpp"

namespace overlap::get {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower,
                            [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Nothing if a '%' begins no escape.
std::optional<std::string> decode_percents(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      bytes += text[at];
      continue;
    }
    const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[at + 2]) : -1;
    if (low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return bytes;
}

std::string latin1_to_utf8(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x80) {
      text += byte;
    } else {
      text += static_cast<char>(0xC0 | value >> 6);
      text += static_cast<char>(0x80 | (value & 0x3F));
    }
  }
  return text;
}

/// charset'language'percent-encoded
std::optional<std::string> decode_extended(std::string_view value) {
  const std::size_t first = value.find('\'');
  const std::size_t second = first == std::string_view::npos ? first : value.find('\'', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  auto bytes = decode_percents(value.substr(second + 1));
  if (!bytes) return std::nullopt;
  const std::string_view charset = value.substr(0, first);
  if (equals_ignoring_case(charset, "iso-8859-1")) return latin1_to_utf8(*bytes);
  const bool is_utf8 = equals_ignoring_case(charset, "utf-8") && cli::utf8_prefix(*bytes) == bytes->size();
  return is_utf8 ? bytes : std::nullopt;
}

/// Takes the parameters of a header one by one.
class Parameters {
 public:
  explicit Parameters(std::string_view header) : rest_(header) {}

  /// Sets name and value, which is empty for what has no '='.
  bool next(std::string_view& name, std::string& value) {
    if (rest_.empty()) return false;
    const std::size_t end = std::min(rest_.find_first_of("=;"), rest_.size());
    name = trim(rest_.substr(0, end));
    value.clear();
    const bool has_value = end < rest_.size() && rest_[end] == '=';
    rest_.remove_prefix(has_value ? end + 1 : end);
    if (has_value) take_value(value);
    const std::size_t separator = std::min(rest_.find(';'), rest_.size());  // after it whatever belongs nowhere
    rest_.remove_prefix(std::min(rest_.size(), separator + 1));
    return true;
  }

 private:
  void take_value(std::string& value) {
    const std::size_t first = std::min(rest_.find_first_not_of(" \t"), rest_.size());
    rest_.remove_prefix(first);
    if (!rest_.starts_with('"')) {
      value = trim(rest_.substr(0, rest_.find(';')));
      return;
    }
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

std::optional<std::string> last_component(std::string_view path) {
  const std::string_view name = trim(path.substr(path.find_last_of("/\\") + 1));
  const bool is_dots = std::ranges::all_of(name, [](char c) { return c == '.'; });
  return is_dots ? std::nullopt : std::optional<std::string>(name);
}

}  // namespace

std::optional<std::string> name_in_content_disposition(std::string_view header) {
  Parameters parameters(header);
  std::optional<std::string> plain;
  std::optional<std::string> extended;
  std::string_view name;
  for (std::string value; parameters.next(name, value);) {
    if (!plain && equals_ignoring_case(name, "filename")) plain = last_component(value);
    if (extended || !equals_ignoring_case(name, "filename*")) continue;
    if (const auto decoded = decode_extended(value)) extended = last_component(*decoded);
  }
  return extended ? extended : plain;
}

}  // namespace overlap::get
