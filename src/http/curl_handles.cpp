#include "http/curl_handles.hpp"

#include <new>
#include <stdexcept>

#include <fmt/format.h>

namespace overlap::http::detail {
namespace {

void set_up_once() {
  // A failure is thrown each time: the next caller tries again.
  static const bool done = [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl cannot be initialised");
    return true;
  }();
  (void)done;
}

void check(CURLcode code, CURLoption option) {
  if (code == CURLE_OK) return;
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  throw std::runtime_error(
      fmt::format("libcurl refuses its option {}: {}", static_cast<int>(option), curl_easy_strerror(code)));
}

template <class Pointer>
Pointer owned(typename Pointer::pointer handle) {
  if (handle == nullptr) throw std::bad_alloc();
  return Pointer(handle);
}

}  // namespace

EasyPtr make_easy() {
  set_up_once();
  return owned<EasyPtr>(curl_easy_init());
}

MultiPtr make_multi() {
  set_up_once();
  return owned<MultiPtr>(curl_multi_init());
}

SharePtr make_tls_session_share() {
  set_up_once();
  auto share = owned<SharePtr>(curl_share_init());
  curl_share_setopt(share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  return share;
}

UrlPtr make_url() {
  set_up_once();
  return owned<UrlPtr>(curl_url());
}

void append(ListPtr& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list.release();  // the list's head, which it keeps, or the first there is
  list.reset(longer);
}

void set_number(CURL* handle, CURLoption option, long value) { check(curl_easy_setopt(handle, option, value), option); }
void set_offset(CURL* handle, CURLoption option, curl_off_t value) {
  check(curl_easy_setopt(handle, option, value), option);
}
void set_text(CURL* handle, CURLoption option, const char* value) {
  check(curl_easy_setopt(handle, option, value), option);
}
void set_pointer(CURL* handle, CURLoption option, const void* value) {
  check(curl_easy_setopt(handle, option, value), option);
}
void set_callback(CURL* handle, CURLoption option, Callback callback) {
  check(curl_easy_setopt(handle, option, callback), option);
}

long get_number(CURL* handle, CURLINFO info) noexcept {
  long value = 0;
  curl_easy_getinfo(handle, info, &value);
  return value;
}

curl_off_t get_offset(CURL* handle, CURLINFO info) noexcept {
  curl_off_t value = 0;
  curl_easy_getinfo(handle, info, &value);
  return value;
}

const char* get_text(CURL* handle, CURLINFO info) noexcept {
  const char* value = nullptr;
  curl_easy_getinfo(handle, info, &value);
  return value != nullptr ? value : "";
}

}  // namespace overlap::http::detail
