#include "layout.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>

namespace layout {
namespace {

// In the order of the arrows. `everything` is overlap/overlap.hpp, which brings all but http.
enum class Layer { core, async, executors, everything, http, tool };

constexpr std::array<std::string_view, 6> kLayerNames = {"core", "async", "executors", "overlap.hpp", "http", "tool"};

std::string_view name_of(Layer layer) { return kLayerNames.at(static_cast<std::size_t>(layer)); }

// Where a library from outside may first be included.
struct Home {
  std::string_view prefix;
  Layer lowest;
};

constexpr std::array kHomes = {
    Home{"boost/asio", Layer::async}, Home{"boost/beast", Layer::http}, Home{"curl/", Layer::http},
    Home{"ares", Layer::http},        Home{"CLI/", Layer::tool},        Home{"sqlite3.h", Layer::tool},
    Home{"jpeglib.h", Layer::tool},   Home{"iostream", Layer::tool},
};

struct Include {
  std::string name;
  bool quoted;
  std::size_t line;
};

std::string at_line(const std::string& path, std::size_t line, std::string_view what) {
  return path + ":" + std::to_string(line) + ": " + std::string(what);
}

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool is_public(std::string_view path) { return path.starts_with("include/"); }

// The layer of a path, from its folder; none when it is in none of the layers' folders.
std::optional<Layer> layer_of(std::string_view path) {
  if (path.starts_with("tool/")) return Layer::tool;
  if (path == "include/overlap/overlap.hpp") return Layer::everything;
  if (path == "include/overlap/http.hpp") return Layer::http;
  for (std::string_view root : {"include/overlap/", "src/"}) {
    if (!path.starts_with(root)) continue;
    const std::string_view inside = path.substr(root.size());
    for (Layer layer : {Layer::core, Layer::async, Layer::executors, Layer::http}) {
      const std::string_view folder = name_of(layer);
      if (inside.starts_with(folder) && inside.substr(folder.size()).starts_with('/')) return layer;
    }
  }
  return std::nullopt;
}

std::vector<Include> includes_of(const std::string& text) {
  std::vector<Include> found;
  const std::string code = blank_out_comments(text, true);
  std::size_t line = 0;
  for (std::size_t begin = 0; begin < code.size();) {
    const std::size_t end = std::min(code.find('\n', begin), code.size());
    std::string_view rest(code.data() + begin, end - begin);
    begin = end + 1;
    ++line;

    const auto skip = [&rest](std::string_view word) {
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
      if (!rest.starts_with(word)) return false;
      rest.remove_prefix(word.size());
      return true;
    };
    if (!skip("#") || !skip("include") || !skip("") || rest.empty()) continue;
    const char close = rest.front() == '"' ? '"' : rest.front() == '<' ? '>' : '\0';
    if (close == '\0') continue;  // the name is a macro's
    rest.remove_prefix(1);
    found.push_back({std::string(rest.substr(0, rest.find(close))), close == '"', line});
  }
  return found;
}

// The file of the tree that an #include line means; none when it is a header from outside.
std::optional<std::string> resolve(const Tree& tree, const std::string& from, const Include& include) {
  std::vector<std::string> places;
  if (include.quoted) {
    places = {std::filesystem::path(from).parent_path().string() + "/"};
    if (from.starts_with("tool/")) places.emplace_back("tool/");
    places.emplace_back("src/");
    places.emplace_back("tool/");
  }
  places.emplace_back("include/");
  for (const std::string& place : places) {
    std::string path = std::filesystem::path(place + include.name).lexically_normal().string();
    if (tree.contains(path)) return path;
  }
  return std::nullopt;
}

// thread_pool_executor.hpp is an executor; executor.hpp of core is not.
bool is_executor_header(std::string_view path) {
  return layer_of(path) == Layer::executors && path.ends_with("_executor.hpp");
}

// Adds to `reached` every executor's header that `path` brings with it.
void collect_executors(const Tree& tree, const std::string& path, std::set<std::string>& seen,
                       std::set<std::string>& reached) {
  if (!seen.insert(path).second) return;
  if (is_executor_header(path)) reached.insert(path);
  for (const Include& include : includes_of(tree.at(path))) {
    const std::optional<std::string> target = resolve(tree, path, include);
    if (target && layer_of(*target) == Layer::executors) collect_executors(tree, *target, seen, reached);
  }
}

void check_outside_header(const std::string& path, Layer layer, const Include& include,
                          std::vector<std::string>& violations) {
  if (include.name.starts_with("overlap/")) {
    violations.push_back(at_line(path, include.line, "there is no header " + include.name));
  }
  if (is_public(path) && include.name.starts_with("curl/")) {
    violations.push_back(at_line(path, include.line, "a public header shows libcurl, which users do not link"));
  }
  for (const Home& home : kHomes) {
    if (include.name.starts_with(home.prefix) && layer < home.lowest) {
      violations.push_back(at_line(path, include.line,
                                   std::string(name_of(layer)) + " includes " + include.name + ", which belongs in " +
                                       std::string(name_of(home.lowest)) + " and above"));
    }
  }
}

void check_includes(const Tree& tree, const std::string& path, Layer layer, std::vector<std::string>& violations) {
  for (const Include& include : includes_of(tree.at(path))) {
    const std::optional<std::string> target = resolve(tree, path, include);
    if (!target) {
      check_outside_header(path, layer, include, violations);
      continue;
    }
    if (const std::optional<Layer> below = layer_of(*target); below && *below > layer) {
      violations.push_back(at_line(path, include.line,
                                   std::string(name_of(layer)) + " includes " + *target + ", which is above it, in " +
                                       std::string(name_of(*below))));
    }
    if (is_public(path) && !is_public(*target)) {
      violations.push_back(at_line(path, include.line, "a public header includes the private " + *target));
    }
  }
}

void check_executors_apart(const Tree& tree, const std::string& path, std::vector<std::string>& violations) {
  std::set<std::string> seen;
  std::set<std::string> reached;
  collect_executors(tree, path, seen, reached);
  if (reached.size() < 2) return;
  std::string message = "brings together executors that must not know of each other:";
  for (const std::string& executor : reached) message += " " + std::filesystem::path(executor).filename().string();
  violations.push_back(at_line(path, 1, message));
}

// Whether a call of fmt::print whose arguments begin at `rest` names no stream, and so means stdout.
bool prints_to_stdout(std::string_view rest) {
  const auto skip_space = [&rest] { rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n"), rest.size())); };
  skip_space();
  if (!rest.starts_with('(')) return false;
  rest.remove_prefix(1);
  skip_space();
  return rest.starts_with('"') || rest.starts_with("R\"") || rest.starts_with("FMT_") || rest.starts_with("fmt::");
}

void check_stdout(const std::string& path, const std::string& text, std::vector<std::string>& violations) {
  const std::string code = blank_out_comments(text, false);
  for (std::string_view word : {"cout", "printf", "vprintf", "puts", "putchar", "stdout", "fmt::print"}) {
    for (std::size_t at = code.find(word); at != std::string::npos; at = code.find(word, at + 1)) {
      const std::size_t end = at + word.size();
      const bool is_whole =
          (at == 0 || !is_word_character(code[at - 1])) && (end == code.size() || !is_word_character(code[end]));
      if (!is_whole) continue;
      if (word == "fmt::print" && !prints_to_stdout(std::string_view(code).substr(end))) continue;
      const auto line =
          1 + std::count(code.begin(), code.begin() + static_cast<std::string::difference_type>(at), '\n');
      violations.push_back(
          at_line(path, static_cast<std::size_t>(line), std::string(word) + ": only the program writes to stdout"));
    }
  }
}

}  // namespace

std::vector<std::string> find_violations(const Tree& tree) {
  std::vector<std::string> violations;
  for (const auto& [path, text] : tree) {
    if (!is_public(path) && !path.starts_with("src/") && !path.starts_with("tool/")) continue;
    const std::optional<Layer> layer = layer_of(path);
    if (!layer) {
      violations.push_back(at_line(path, 1, "is in no layer: core, async, executors, http or tool"));
      continue;
    }
    check_includes(tree, path, *layer, violations);
    if (*layer == Layer::executors) check_executors_apart(tree, path, violations);
    if (*layer != Layer::tool) check_stdout(path, text, violations);
  }
  return violations;
}

std::string blank_out_comments(const std::string& text, bool keep_strings) {
  std::string out = text;
  std::size_t at = 0;
  const auto blank_until = [&](std::size_t end) {
    for (end = std::min(end, out.size()); at < end; ++at) {
      if (out[at] != '\n') out[at] = ' ';
    }
  };
  const auto skip_or_blank_until = [&](std::size_t end) {
    if (!keep_strings) blank_until(end);
    at = std::min(end, out.size());
  };

  while (at < out.size()) {
    const std::string_view rest = std::string_view(text).substr(at);
    const char before = at == 0 ? ' ' : text[at - 1];
    if (rest.starts_with("//")) {
      blank_until(text.find('\n', at));
    } else if (rest.starts_with("/*")) {
      const std::size_t close = text.find("*/", at + 2);
      blank_until(close == std::string::npos ? close : close + 2);
    } else if (rest.starts_with("R\"") && !is_word_character(before)) {
      const std::string end = ")" + text.substr(at + 2, text.find('(', at) - at - 2) + "\"";
      at += 2;
      const std::size_t close = text.find(end, at);
      skip_or_blank_until(close == std::string::npos ? close : close + end.size() - 1);
      ++at;
    } else if (rest.front() == '"' || (rest.front() == '\'' && !is_word_character(before))) {  // not 1'000
      std::size_t close = at + 1;
      while (close < text.size() && text[close] != rest.front() && text[close] != '\n') {
        close += text[close] == '\\' ? 2 : 1;
      }
      ++at;
      skip_or_blank_until(close);
      ++at;
    } else {
      ++at;
    }
  }
  return out;
}

}  // namespace layout
