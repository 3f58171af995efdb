// Any text as a URL, and as a text that messages show.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <boost/url/parse.hpp>

#include "check.hpp"
#include "cli/escape.hpp"
#include "get/url.hpp"

namespace {

using overlap::fuzz::check;

bool is_fit_to_show(std::string_view text) { return overlap::cli::escape_for_terminal(text) == text; }

void check_accepted(const overlap::get::Url& url) {
  const auto is_printable = [](char c) { return c > 0x20 && c < 0x7F; };
  check(std::ranges::all_of(url.request(), is_printable));
  check(std::ranges::all_of(url.host_key(), is_printable));
  check(url.scheme() == "http" || url.scheme() == "https");
  check(url.port() != 0);
  check(url.path().starts_with('/'));
  check(!url.path().contains("/../") && !url.path().ends_with("/.."));
  check(!url.request().contains('#'));
  check(url.host().find_first_of("@/\\?# ") == std::string_view::npos && !url.host().empty());

  // A second opinion: whatever was written, what is requested is a URL by the book.
  check(boost::urls::parse_uri(url.request()).has_value());

  // Its one spelling stays as it is and names the same place. Escaping may make it longer than what may be read.
  if (url.request().size() > overlap::get::kMaxUrlBytes) return;
  const auto again = overlap::get::parse_url(url.request());
  check(again.has_value());
  check(again->request() == url.request() && again->host_key() == url.host_key() && again->host() == url.host());
  check(again->path() == url.path() && again->query() == url.query() && !again->credentials());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = overlap::get::parse_url(text);
  if (url) {
    check_accepted(*url);
  } else {
    check(!url.error().empty() && is_fit_to_show(url.error()));
  }
  const std::string shown = overlap::get::redacted(text);
  check(is_fit_to_show(shown) && shown.size() <= 200);
  return 0;
}
