#include <overlap/http/bandwidth.hpp>

#include <atomic>
#include <utility>
#include <vector>

#include <overlap/core/mutex.hpp>

#include "http/bandwidth_limit.hpp"

namespace overlap::http {
namespace {

// Readers hold on to no limit, so those that were replaced stay: there are as many as a program makes.
class Limits {
 public:
  void set(std::shared_ptr<Bandwidth> bandwidth) {
    const overlap::detail::MutexLock lock(mutex_);
    current_.store(bandwidth.get(), std::memory_order_release);  // pairs with the load of current()
    if (bandwidth) kept_.push_back(std::move(bandwidth));
  }
  Bandwidth* current() const noexcept { return current_.load(std::memory_order_acquire); }

 private:
  std::atomic<Bandwidth*> current_{nullptr};
  overlap::detail::Mutex mutex_;
  std::vector<std::shared_ptr<Bandwidth>> kept_ OVERLAP_GUARDED_BY(mutex_);
};

// Never destroyed: loops may still read while the program ends.
Limits& limits() {
  static Limits* const all = new Limits();
  return *all;
}

}  // namespace

Bandwidth::~Bandwidth() = default;

void limit_bandwidth(std::shared_ptr<Bandwidth> bandwidth) { limits().set(std::move(bandwidth)); }

namespace detail {

Bandwidth* bandwidth_limit() noexcept { return limits().current(); }

}  // namespace detail
}  // namespace overlap::http
