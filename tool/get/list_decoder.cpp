#include "get/list_decoder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/escape.hpp"
#include "get/url.hpp"

namespace overlap::get {
namespace {

std::string_view trim_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

/// Why `text` cannot be a URL, a name or a header, whatever the format; nothing if it can.
std::optional<std::string> find_fault(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (const auto control = std::ranges::find_if(text, is_control); control != text.end()) {
    return fmt::format("control character 0x{:02x} at byte {}", static_cast<unsigned char>(*control),
                       control - text.begin() + 1);
  }
  const std::size_t valid = cli::utf8_prefix(text);
  if (valid == text.size()) return std::nullopt;
  return fmt::format("byte 0x{:02x} at byte {} is not UTF-8", static_cast<unsigned char>(text[valid]), valid + 1);
}

BadLine make_bad_line(std::string_view text, std::uint64_t line, std::string why) {
  return BadLine{.ordinal = 0, .line = line, .text = redacted(text), .why = std::move(why)};
}

class TxtDecoder final : public ListDecoder {
 public:
  std::optional<ListEntry> feed(const Line& line) override {
    const std::string_view text = trim_blanks(line.text);
    if (text.starts_with('#')) return std::nullopt;
    if (line.is_too_long) return make_bad_line(text, line.number, "the line is too long");
    if (text.empty()) return std::nullopt;
    return make_url_entry(text, line.number);
  }
};

}  // namespace

std::unique_ptr<ListDecoder> make_list_decoder(ListFormat format) {
  switch (format) {
    case ListFormat::txt:
      break;
  }
  return std::make_unique<TxtDecoder>();
}

ListEntry make_url_entry(std::string_view text, std::uint64_t line) {
  if (auto fault = find_fault(text)) return make_bad_line(text, line, *std::move(fault));
  Item item;
  item.line = line;
  item.url = text;
  return item;
}

}  // namespace overlap::get
