#include <overlap/http/fetch.hpp>

#include <overlap/core/mutex.hpp>
#include <overlap/http/session.hpp>

namespace overlap::http {
namespace {

struct Defaults {
  overlap::detail::Mutex mutex;
  SessionOptions options OVERLAP_GUARDED_BY(mutex);
};

Defaults& defaults() {
  static Defaults instance;
  return instance;
}

}  // namespace

void set_default_options(SessionOptions options) {
  Defaults& mine = defaults();
  const overlap::detail::MutexLock lock(mine.mutex);
  mine.options = std::move(options);
}

SessionOptions default_options() {
  Defaults& mine = defaults();
  const overlap::detail::MutexLock lock(mine.mutex);
  return mine.options;
}

Task<Response> fetch(Request request) { co_return co_await Session::of_current_loop().fetch(std::move(request)); }

Task<Response> get(std::string url) {
  Request request;
  request.url = std::move(url);
  return fetch(std::move(request));
}

}  // namespace overlap::http
