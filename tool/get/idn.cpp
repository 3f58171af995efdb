#include "get/idn.hpp"

#include <curl/curl.h>
#include <locale.h>

#include <memory>

#include "cli/escape.hpp"

namespace overlap::get {
namespace {

using UrlHandle = std::unique_ptr<CURLU, decltype([](CURLU* handle) { curl_url_cleanup(handle); })>;
using CurlText = std::unique_ptr<char, decltype([](char* text) { curl_free(text); })>;

/// libcurl takes a host name to be in the character set of the locale, which is "C" in a program that never calls
/// setlocale(). This makes it UTF-8 for the calling thread alone, for as long as it lives.
class Utf8Locale {
 public:
  Utf8Locale() : previous_(uselocale(shared())) {}
  ~Utf8Locale() { uselocale(previous_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  /// Made once and kept. If the system has no such locale, the thread's own stays in force: uselocale(0) only asks.
  static locale_t shared() {
    static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
  }

  locale_t previous_;
};

}  // namespace

std::expected<std::string, std::string> host_to_ascii(std::string_view host) {
  if (cli::utf8_prefix(host) != host.size()) return std::unexpected("the host name is not UTF-8");
  const std::string text(host);
  if (text.find('\0') != std::string::npos) return std::unexpected("the host name has a NUL");

  const UrlHandle handle(curl_url());
  const Utf8Locale locale;
  char* got = nullptr;
  const bool is_done = handle && curl_url_set(handle.get(), CURLUPART_HOST, text.c_str(), 0) == CURLUE_OK &&
                       curl_url_get(handle.get(), CURLUPART_HOST, &got, CURLU_PUNYCODE) == CURLUE_OK;
  const CurlText ascii(got);  // ours also after a failure: libcurl 7.88 then leaves its copy of the host there
  if (!is_done) return std::unexpected("the host name is not one that international domain names allow");
  return std::string(ascii.get());
}

}  // namespace overlap::get
