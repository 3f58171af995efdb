#include <overlap/http/cookie_jar.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <stdexcept>

#include <fmt/format.h>

#include <overlap/core/mutex.hpp>

#include "http/curl_handles.hpp"

namespace overlap::http {
namespace {

struct Jars {
  overlap::detail::Mutex mutex;
  std::map<std::string, std::weak_ptr<CookieJar>> by_file OVERLAP_GUARDED_BY(mutex);
};

Jars& jars() {
  static Jars instance;
  return instance;
}

std::string complaint(const char* what, const std::string& file) {
  return fmt::format("cannot {} {}: {}", what, file, std::strerror(errno));
}

// "#HttpOnly_" begins a cookie; any other '#' a comment.
bool is_cookie(const std::string& line) { return !line.empty() && (line[0] != '#' || line.starts_with("#HttpOnly_")); }

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

struct CookieJar::State {
  // One for each kind of thing that is shared, as libcurl asks for them.
  std::array<std::mutex, CURL_LOCK_DATA_LAST> mutexes;
  detail::SharePtr share = detail::make_tls_session_share();

  static void lock(CURL*, curl_lock_data what, curl_lock_access, void* self) {
    static_cast<State*>(self)->mutexes[what].lock();
  }
  static void unlock(CURL*, curl_lock_data what, void* self) { static_cast<State*>(self)->mutexes[what].unlock(); }

  detail::EasyPtr attached_handle() const {
    auto easy = detail::make_easy();
    detail::set_pointer(easy.get(), CURLOPT_SHARE, share.get());
    return easy;
  }
};

std::shared_ptr<CookieJar> CookieJar::of(const SessionOptions& options) {
  Jars& all = jars();
  const overlap::detail::MutexLock lock(all.mutex);
  std::weak_ptr<CookieJar>& known = all.by_file[options.cookie_file];
  std::shared_ptr<CookieJar> jar = known.lock();
  if (!jar) {
    jar.reset(new CookieJar(options.cookie_file));
    known = jar;
  }
  return jar;
}

CookieJar::CookieJar(const std::string& file) : state_(std::make_unique<State>()) {
  CURLSH* const share = state_->share.get();
  curl_share_setopt(share, CURLSHOPT_LOCKFUNC, &State::lock);
  curl_share_setopt(share, CURLSHOPT_UNLOCKFUNC, &State::unlock);
  curl_share_setopt(share, CURLSHOPT_USERDATA, state_.get());
  curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
  if (file.empty()) return;
  std::ifstream lines(file);
  if (!lines) throw std::runtime_error(complaint("read", file));
  const auto easy = state_->attached_handle();
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (is_cookie(line)) detail::set_text(easy.get(), CURLOPT_COOKIELIST, line);
  }
}

CookieJar::~CookieJar() = default;

void* CookieJar::share() const noexcept { return state_->share.get(); }

std::expected<void, std::string> CookieJar::save(const std::string& file) const {
  const auto easy = state_->attached_handle();
  curl_slist* raw = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_COOKIELIST, &raw);
  const detail::ListPtr cookies(raw);
  std::string text = "# Netscape HTTP Cookie File\n";
  for (const curl_slist* line = raw; line != nullptr; line = line->next) text.append(line->data).append("\n");

  const std::string part = file + ".part";
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return std::unexpected(complaint("write", part));
  const bool is_written = write_all(descriptor, text);
  const bool is_closed = ::close(descriptor) == 0;
  if (is_written && is_closed && std::rename(part.c_str(), file.c_str()) == 0) return {};
  auto error = std::unexpected(complaint("write", file));
  ::unlink(part.c_str());
  return error;
}

}  // namespace overlap::http
