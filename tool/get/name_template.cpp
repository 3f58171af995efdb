#include "get/name_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "cli/escape.hpp"
#include "get/safe_name.hpp"

namespace overlap::get {
namespace {

constexpr std::size_t kMaxTemplateBytes = 4096;
constexpr std::size_t kMaxWidth = 20;  // as many digits as an index can have
// Before an index that makes names unique: more might not survive the shortening of a long or deep path.
constexpr std::size_t kMaxPrefix = 64;
constexpr std::ptrdiff_t kMaxPrefixDepth = 8;
constexpr std::string_view kDefaultName = "index.html";
constexpr std::string_view kNameOfNothing = "_";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view last_segment(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// A segment that is a file: its name and the query that goes with it.
std::string file_segment(std::string_view segment, const Url& url) {
  std::string name = segment.empty() ? std::string(kDefaultName) : decode_for_name(segment);
  if (url.query()) name.append("?").append(decode_for_name(*url.query()));
  return name;
}

std::string name_of(const NameFacts& facts) {
  std::string given = facts.name ? make_safe_path(*facts.name) : std::string();
  return given.empty() ? file_segment(last_segment(facts.url.path()), facts.url) : given;
}

std::string path_of(const Url& url) {
  std::string out;
  std::string_view rest = url.path().substr(1);
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    out.append(decode_for_name(rest.substr(0, slash))).append("/");
    rest.remove_prefix(slash + 1);
  }
  return out + file_segment(rest, url);
}

std::string extension_for(const NameFacts& facts) {
  const std::string given = facts.name ? make_safe_path(*facts.name) : std::string();
  if (!given.empty()) return std::string(extension_of(last_segment(given)));
  const std::string_view segment = last_segment(facts.url.path());
  return std::string(extension_of(segment.empty() ? kDefaultName : segment));
}

}  // namespace

/// Reads a template from its start to its end, one part at a time.
class NameTemplate::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::expected<NameTemplate, std::string> run() {
    if (text_.empty()) return std::unexpected("the name template is empty");
    if (text_.size() > kMaxTemplateBytes) {
      return std::unexpected(fmt::format("the name template is longer than {} bytes", kMaxTemplateBytes));
    }
    while (at_ < text_.size() && !error_) {
      const std::string_view two = text_.substr(at_, 2);
      if (two == "{{" || two == "}}") {
        take_text(2);
      } else if (two.front() == '{') {
        take_field();
      } else {
        take_text(1);
      }
    }
    if (!error_ && text_.ends_with('/')) fail(text_.size() - 1, "a file name is missing after", "/");
    if (error_) return std::unexpected(*std::move(error_));
    return NameTemplate(std::move(parts_));
  }

 private:
  void fail(std::size_t at, std::string_view why, std::string_view what) {
    error_ = fmt::format("name template, position {}: {} '{}'", at + 1, why, cli::escape_for_terminal(what, 60));
  }

  /// Whether what comes next begins a component.
  bool is_at_start() const { return at_ == 0 || text_[at_ - 1] == '/'; }

  /// Takes one character, written as two if it is a doubled brace.
  void take_text(std::size_t written) {
    const auto character = cli::first_utf8_character(text_.substr(at_));
    const std::size_t bytes = character ? character->bytes : 1;
    const std::string_view text = text_.substr(at_, bytes);
    if (written == 1 && text == "}") return fail(at_, "there is no '{' before", text);
    if (text == "/" && at_ == 0)
      return fail(at_, "names are relative to the output directory, so none begins with", text);
    if (text != "/" && encode_for_name(text) != text) return fail(at_, "no name may have the character", text);
    if (is_at_start() && (text == "." || text == "-")) return fail(at_, "no name may begin with", text);
    if (parts_.empty() || parts_.back().field != Field::text) parts_.push_back({.field = Field::text});
    parts_.back().text += text;
    at_ += std::max(bytes, written);
  }

  void take_field() {
    static constexpr std::array<std::pair<std::string_view, Field>, 6> kFields{{{"name", Field::name},
                                                                                {"path", Field::path},
                                                                                {"host", Field::host},
                                                                                {"index", Field::index},
                                                                                {"ext", Field::ext},
                                                                                {"sha256", Field::sha256}}};
    const std::size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) return fail(at_, "there is no '}' after", text_.substr(at_));
    const std::string_view written = text_.substr(at_, end + 1 - at_);
    const std::string_view inner = written.substr(1, written.size() - 2);
    const std::size_t colon = inner.find(':');
    const auto found =
        std::ranges::find(kFields, inner.substr(0, colon), [](const auto& known) { return known.first; });
    if (found == kFields.end()) {
      return fail(at_, "the fields are {name}, {path}, {host}, {index}, {ext} and {sha256}, there is no", written);
    }
    Part part{.field = found->second};
    if (colon != std::string_view::npos) {
      const auto width = read_width(inner.substr(colon + 1));
      if (part.field != Field::index || !width)
        return fail(at_, "only {index} takes a width, as in {index:08}, not", written);
      part.width = *width;
    }
    parts_.push_back(std::move(part));
    at_ = end + 1;
  }

  /// "08": a zero and the number of digits.
  static std::optional<std::size_t> read_width(std::string_view text) {
    if (text.size() < 2 || text.size() > 3 || text.front() != '0' || !std::ranges::all_of(text, is_digit))
      return std::nullopt;
    std::size_t width = 0;
    for (const char c : text) width = width * 10 + static_cast<std::size_t>(c - '0');
    if (width == 0 || width > kMaxWidth) return std::nullopt;
    return width;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Part> parts_;
  std::optional<std::string> error_;
};

std::expected<NameTemplate, std::string> NameTemplate::parse(std::string_view text) { return Parser(text).run(); }

NameTemplate::NameTemplate() : parts_{{.field = Field::name}} {}

bool NameTemplate::needs_body_digest() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.field == Field::sha256; });
}

bool NameTemplate::gives_unique_names() const {
  // Up to the index all names are the same, and no digit follows it. So they differ there, in a component that no
  // shortening cuts, and whatever comes after is apart.
  auto index = parts_.begin();
  if (index->field == Field::text) {
    const bool may_be_cut = index->text.size() > kMaxPrefix || std::ranges::count(index->text, '/') > kMaxPrefixDepth;
    if (may_be_cut) return false;
    ++index;
  }
  if (index == parts_.end() || index->field != Field::index) return false;
  const auto after = index + 1;
  return after == parts_.end() || (after->field == Field::text && !is_digit(after->text.front()));
}

std::string NameTemplate::value(const Part& part, const NameFacts& facts) {
  switch (part.field) {
    case Field::text:
      return part.text;
    case Field::name:
      return name_of(facts);
    case Field::path:
      return path_of(facts.url);
    case Field::host:
      return encode_for_name(facts.url.host());
    case Field::index:
      return fmt::format("{:0{}}", facts.index, part.width);
    case Field::ext:
      return extension_for(facts);
    case Field::sha256:
      if (!facts.sha256) throw std::logic_error("the name template needs the digest of the body");
      return encode_for_name(*facts.sha256);
  }
  return {};
}

std::string NameTemplate::name(const NameFacts& facts) const {
  std::string raw;
  for (const Part& part : parts_) {
    const std::string text = value(part, facts);
    if (part.field == Field::ext && text.empty() && raw.ends_with('.')) raw.pop_back();
    raw += text;
  }
  if (raw.ends_with('/')) raw += kNameOfNothing;  // the last component had nothing but fields without a value
  std::string path = make_safe_path(raw);
  return path.empty() ? std::string(kNameOfNothing) : path;
}

}  // namespace overlap::get
