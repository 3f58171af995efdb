#pragma once
/// libcurl's handles as owned objects, its options with checked types, and its one global set-up.

#include <curl/curl.h>

#include <memory>
#include <string>

namespace overlap::http::detail {

struct EasyDeleter {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct MultiDeleter {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};
struct ShareDeleter {
  void operator()(CURLSH* handle) const noexcept { curl_share_cleanup(handle); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
struct UrlDeleter {
  void operator()(CURLU* handle) const noexcept { curl_url_cleanup(handle); }
};
struct TextDeleter {
  void operator()(char* text) const noexcept { curl_free(text); }
};

using EasyPtr = std::unique_ptr<CURL, EasyDeleter>;
using MultiPtr = std::unique_ptr<CURLM, MultiDeleter>;
using SharePtr = std::unique_ptr<CURLSH, ShareDeleter>;
using ListPtr = std::unique_ptr<curl_slist, ListDeleter>;
using UrlPtr = std::unique_ptr<CURLU, UrlDeleter>;
using TextPtr = std::unique_ptr<char, TextDeleter>;

// Each sets libcurl up first, once in a process; throws std::runtime_error if it cannot be.
EasyPtr make_easy();
MultiPtr make_multi();
/// Shares TLS sessions between the handles of one thread.
SharePtr make_tls_session_share();
UrlPtr make_url();

void append(ListPtr& list, const std::string& line);

// curl_easy_setopt() takes whatever it is given for whatever it expects; these say which. They throw when libcurl is
// out of memory or does not know the option.
void set_number(CURL* handle, CURLoption option, long value);
void set_offset(CURL* handle, CURLoption option, curl_off_t value);
/// Copied by libcurl; null unsets.
void set_text(CURL* handle, CURLoption option, const char* value);
inline void set_text(CURL* handle, CURLoption option, const std::string& value) {
  set_text(handle, option, value.c_str());
}
/// Not copied: must outlive its use.
void set_pointer(CURL* handle, CURLoption option, const void* value);
using Callback = void (*)();
void set_callback(CURL* handle, CURLoption option, Callback callback);

long get_number(CURL* handle, CURLINFO info) noexcept;
curl_off_t get_offset(CURL* handle, CURLINFO info) noexcept;
/// Never null.
const char* get_text(CURL* handle, CURLINFO info) noexcept;

}  // namespace overlap::http::detail
