#include "get/list_decoder.hpp"

#include "get/list_jsonl.hpp"
#include "get/list_table.hpp"

namespace overlap::get {
namespace {

constexpr std::size_t kMaxTextLine = 64 * 1024;  // as long as a URL may be
constexpr std::size_t kMaxRowLine = 256 * 1024;  // a row has more to say

std::string_view trim_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

class TxtDecoder final : public ListDecoder {
 public:
  explicit TxtDecoder(const ListColumns& columns) {
    if (columns.are_asked_for()) error_ = "it is plain text (txt), which has no columns; --format may say otherwise";
  }
  std::optional<ListEntry> feed(const Line& line) override {
    const std::string_view text = trim_blanks(line.text);
    if (text.starts_with('#')) return std::nullopt;
    // The reader may have left room for longer lines, when the format was not known yet.
    if (line.is_too_long || line.text.size() > kMaxTextLine)
      return make_bad_line(text.substr(0, 1024), line.number, "the line is too long");
    if (text.empty()) return std::nullopt;
    return make_url_entry(text, line.number);
  }
};

/// Waits for the first line that says what the list is, and leaves the rest to the decoder for that.
class DetectingDecoder final : public ListDecoder {
 public:
  explicit DetectingDecoder(const ListColumns& columns) : columns_(columns) {}

  std::optional<ListEntry> feed(const Line& line) override {
    if (!decoder_ && trim_blanks(line.text).empty()) return std::nullopt;
    if (!decoder_) {
      decoder_ = make_list_decoder(format_of_line(line.text, columns_), columns_);
      if (decoder_->error()) return std::nullopt;
    }
    return decoder_->feed(line);
  }
  std::optional<ListEntry> more() override { return decoder_ ? decoder_->more() : std::nullopt; }
  std::optional<ListEntry> finish() override { return decoder_ ? decoder_->finish() : std::nullopt; }
  const std::optional<std::string>& error() const override { return decoder_ ? decoder_->error() : error_; }

 private:
  const ListColumns columns_;
  std::unique_ptr<ListDecoder> decoder_;
};

}  // namespace

std::size_t max_line_bytes(ListFormat format) { return format == ListFormat::txt ? kMaxTextLine : kMaxRowLine; }

std::unique_ptr<ListDecoder> make_list_decoder(ListFormat format, const ListColumns& columns) {
  switch (format) {
    case ListFormat::automatic:
      return std::make_unique<DetectingDecoder>(columns);
    case ListFormat::csv:
      return std::make_unique<TableDecoder>(TableDecoder::Kind::csv, columns);
    case ListFormat::tsv:
      return std::make_unique<TableDecoder>(TableDecoder::Kind::tsv, columns);
    case ListFormat::jsonl:
      return std::make_unique<JsonlDecoder>(columns);
    case ListFormat::txt:
      break;
  }
  return std::make_unique<TxtDecoder>(columns);
}

}  // namespace overlap::get
