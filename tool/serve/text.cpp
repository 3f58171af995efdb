// The bodies people read: JSON objects and HTML pages.
#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <iterator>

#include "serve/content.hpp"
#include "serve/mix.hpp"

namespace overlap::serve {
namespace {

constexpr std::array kWords{
    "amber",  "anchor",  "answer",  "arrow",   "autumn",  "balance", "beacon",  "bridge", "bright", "canvas",
    "carry",  "castle",  "cedar",   "circle",  "clear",   "cloud",   "copper",  "corner", "cotton", "current",
    "daily",  "distant", "eastern", "engine",  "evening", "famous",  "feather", "field",  "flower", "forest",
    "garden", "gentle",  "golden",  "harbour", "hidden",  "island",  "journey", "kernel", "ladder", "lantern",
    "letter", "little",  "marble",  "meadow",  "mirror",  "morning", "narrow",  "north",  "ocean",  "orchard",
    "paper",  "pattern", "pebble",  "quiet",   "river",   "sample",  "season",  "silver", "simple", "station",
    "stone",  "summer",  "timber",  "valley",  "window",  "winter"};

constexpr double kSmallestPage = 2048;
constexpr double kLargestPage = 59 * 1024;  // one more paragraph and the foot stay below 60 KiB

std::string_view word(Random& random) { return kWords[random.below(kWords.size())]; }

// One draw a statement here and below: the order in which arguments are evaluated differs between compilers, and the
// text may not.
std::string two_words(Random& random) {
  const std::string_view first = word(random);
  return fmt::format("{} {}", first, word(random));
}

/// Safe in HTML text and in a double-quoted attribute.
std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

void add_sentence(std::string& page, Random& random) {
  const std::size_t start = page.size();
  const std::uint64_t count = 6 + random.below(10);
  for (std::uint64_t i = 0; i < count; ++i) {
    page += word(random);
    page += i + 1 < count ? ' ' : '.';
  }
  page[start] = static_cast<char>(page[start] - 'a' + 'A');
}

void add_paragraph(std::string& page, Random& random) {
  page += "<p>";
  for (std::uint64_t left = 1 + random.below(4); left > 0; --left) {
    add_sentence(page, random);
    page += ' ';
  }
  const std::string_view link = word(random);
  fmt::format_to(std::back_inserter(page), "<a href=\"/{0}/{1}\">{0}</a></p>\n", link, random.below(100'000));
}

}  // namespace

std::string make_json(std::string_view id, std::uint64_t seed) {
  Random random(hash_text(id, seed));
  boost::json::array tags;
  for (std::uint64_t left = 1 + random.below(4); left > 0; --left) tags.emplace_back(word(random));
  boost::json::object object;
  if (const auto number = parse_number(id)) {
    object["id"] = *number;
  } else {
    object["id"] = id;
  }
  object["name"] = two_words(random);
  object["value"] = random.below(1'000'000);
  object["tags"] = std::move(tags);
  object["details"] = {{"place", word(random)}, {"active", random.below(2) == 1}, {"score", random.below(1000)}};
  return boost::json::serialize(object);
}

std::string make_page(std::string_view target, std::uint64_t seed) {
  Random random(hash_text(target, seed));
  // Sizes spread evenly over their logarithm, as those of real pages do: many small, a few large.
  const double size = kSmallestPage * std::pow(kLargestPage / kSmallestPage, random.unit());
  const auto wanted = static_cast<std::size_t>(size);
  std::string page;
  page.reserve(wanted + 1024);
  const std::string name = escape_html(target.substr(0, 200));
  page += "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  fmt::format_to(std::back_inserter(page), "<title>{0}</title>\n</head>\n<body>\n<h1>{0}</h1>\n", name);
  while (page.size() < wanted) {
    if (random.below(6) == 0) {
      fmt::format_to(std::back_inserter(page), "<h2>{}</h2>\n", two_words(random));
    }
    add_paragraph(page, random);
  }
  page += "</body>\n</html>\n";
  return page;
}

}  // namespace overlap::serve
