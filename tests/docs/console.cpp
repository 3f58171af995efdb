#include "docs/console.hpp"

#include <algorithm>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace overlap::docs {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Reads a page line by line; what a comment says is kept for the block that follows it.
class PageReader {
 public:
  explicit PageReader(const std::string& text) : lines_(lines_of(text)) {}

  Page read() {
    while (at_ < lines_.size()) {
      const std::string& line = lines_[at_++];
      if (line == "<!-- console") {
        read_comment();
      } else if (line == "```console") {
        read_block();
      } else if (line == "```cpp") {
        read_source();
      } else if (line.starts_with("<!-- program: ") || line.starts_with("<!-- source: ")) {
        read_name(line);
      } else if (line.starts_with("```")) {
        skip_block();
      } else if (!line.empty() && (has_comment_ || !name_.empty())) {
        fail("a comment for a block that does not follow it");
      }
    }
    return std::move(page_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("line " + std::to_string(at_) + ": " + what);
  }

  const std::string& next() {
    if (at_ == lines_.size()) fail("the page ends in the middle of a block or comment");
    return lines_[at_++];
  }

  void read_comment() {
    has_comment_ = true;
    for (std::string line = next(); line != "-->"; line = next()) {
      if (line.starts_with("before: ")) {
        block_.steps.push_back({.line = at_, .command = line.substr(8), .expected = {}, .is_shown = false});
      } else if (line.starts_with("  ") && !block_.steps.empty()) {
        block_.steps.back().command += '\n' + line.substr(2);
      } else if (line.starts_with("measured:")) {
        block_.is_measured = true;
        std::istringstream words(line.substr(9));
        for (std::string word; words >> word;) block_.measured.insert(word);
      } else if (line.starts_with("not run: ")) {
        block_.why_not_run = line.substr(9);
      } else {
        fail("not understood: " + line);
      }
    }
  }

  void read_block() {
    block_.line = at_;
    bool has_command = false;
    for (std::string line = next(); line != "```"; line = next()) {
      if (line.starts_with("$ ")) {
        block_.steps.push_back({.line = at_, .command = line.substr(2), .expected = {}, .is_shown = true});
        has_command = true;
      } else if (!has_command) {
        fail("a console block begins with '$ ' and a command");
      } else if (line.starts_with("> ") && block_.steps.back().expected.empty()) {
        block_.steps.back().command += '\n' + line.substr(2);
      } else {
        block_.steps.back().expected.push_back(line);
      }
    }
    if (!has_command) fail("a console block without a command");
    page_.blocks.push_back(std::exchange(block_, {}));
    has_comment_ = false;
  }

  void read_name(const std::string& line) {
    static const std::regex form("<!-- (program|source): ([a-z0-9_.]+) -->");
    std::smatch parts;
    if (!std::regex_match(line, parts, form)) fail("not understood: " + line);
    is_built_ = parts[1] == "program";
    name_ = parts[2];
  }

  void read_source() {
    std::string code;
    for (std::string line = next(); line != "```"; line = next()) code += line + '\n';
    if (!name_.empty())
      page_.sources.push_back({.name = std::exchange(name_, {}), .code = code, .is_built = is_built_});
  }

  void skip_block() {
    while (!next().starts_with("```")) {
    }
  }

  const std::vector<std::string> lines_;
  std::size_t at_ = 0;
  Page page_;
  Block block_;  // what the comment before it says
  bool has_comment_ = false;
  std::string name_;
  bool is_built_ = false;
};

std::string escaped(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

/// A word as a pattern, in which what was measured may be anything of its kind.
std::string measured_pattern(const Block& block, const std::string& word) {
  constexpr std::string_view kAround = "(),;:";
  const auto begin = word.find_first_not_of(kAround);
  if (begin == std::string::npos) return escaped(word);
  const auto end = word.find_last_not_of(kAround) + 1;
  const std::string core = word.substr(begin, end - begin);
  static const std::string kFigure = "[0-9]+(\\.[0-9]+)?(ns|us|ms|s|B|K|M|G|x)?";
  std::string pattern;
  if (core.find_first_not_of('#') == std::string::npos) {
    pattern = "#+";  // a bar
  } else if (block.measured.contains(core)) {
    pattern = std::regex_match(core, std::regex(kFigure)) ? kFigure : "[^ ,;()]+";
  } else {
    static const std::regex figure("[0-9]+\\.[0-9]+(ns|us|ms|s|B|K|M|G|x)?|[0-9]+(ns|us|ms|s)");
    std::size_t done = 0;
    for (std::sregex_iterator at(core.begin(), core.end(), figure), last; at != last; ++at) {
      const auto position = static_cast<std::size_t>(at->position());
      pattern += escaped(core.substr(done, position - done)) + kFigure;
      done = position + static_cast<std::size_t>(at->length());
    }
    pattern += escaped(core.substr(done));
  }
  return escaped(word.substr(0, begin)) + pattern + escaped(word.substr(end));
}

bool matches(const Block& block, const std::string& expected, const std::string& line) {
  if (!block.is_measured) return expected == line;
  std::string pattern = " *";
  std::istringstream words(expected);
  for (std::string word; words >> word;) pattern += (pattern.size() > 2 ? " +" : "") + measured_pattern(block, word);
  return std::regex_match(line, std::regex(pattern + " *"));
}

}  // namespace

Page read_page(const std::string& text) { return PageReader(text).read(); }

std::string difference(const Block& block, const std::vector<std::string>& expected, const std::string& output) {
  const std::vector<std::string> lines = lines_of(output);
  // For each number of lines that may have been matched so far, whether they can have been.
  std::vector<bool> reached(lines.size() + 1);
  reached[0] = true;
  const auto pass_notes = [&] {
    for (std::size_t i = 0; block.is_measured && i < lines.size(); ++i) {
      if (reached[i] && lines[i].starts_with("note: ")) reached[i + 1] = true;
    }
  };
  pass_notes();
  for (const std::string& line : expected) {
    std::vector<bool> further(lines.size() + 1);
    if (line == "...") {
      const auto first = std::ranges::find(reached, true);
      std::fill(further.begin() + (first - reached.begin()), further.end(), true);
    } else {
      for (std::size_t i = 0; i < lines.size(); ++i) further[i + 1] = reached[i] && matches(block, line, lines[i]);
    }
    reached = std::move(further);
    pass_notes();
    if (std::ranges::find(reached, true) == reached.end()) return "there is no such line where it should be: " + line;
  }
  if (reached.back()) return {};
  return "there is more than expected";
}

}  // namespace overlap::docs
