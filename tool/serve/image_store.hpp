#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <overlap/core/mutex.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "serve/bounded_cache.hpp"
#include "serve/reply.hpp"

namespace overlap::serve {

/// The pictures, each encoded once, by a thread of the store's own: a tenth of a second of work on a loop's thread
/// would delay every other connection of that loop. Safe to use from any thread.
class ImageStore {
 public:
  /// Called on the store's thread; with null if the picture could not be made.
  using Callback = std::move_only_function<void(DocumentPtr)>;

  explicit ImageStore(std::uint64_t seed) : seed_(seed) {}

  /// Waits for the picture being encoded. Callbacks not yet called are destroyed uncalled.
  ~ImageStore();

  /// Null if the picture has not been made, or was dropped for others.
  DocumentPtr find(std::string_view path);

  /// Makes the picture of a path that is a RouteKind::image, unless that is under way already.
  void make(std::string_view path, Callback done);

 private:
  void run();
  DocumentPtr encode(std::string_view path) const;

  const std::uint64_t seed_;

  detail::Mutex mutex_;
  detail::CondVar changed_;
  BoundedCache<DocumentPtr> made_ OVERLAP_GUARDED_BY(mutex_){128 << 20};
  std::deque<std::string> orders_ OVERLAP_GUARDED_BY(mutex_);                                  // paths
  std::unordered_map<std::string, std::vector<Callback>> waiting_ OVERLAP_GUARDED_BY(mutex_);  // by path
  bool closing_ OVERLAP_GUARDED_BY(mutex_) = false;
  std::thread worker_ OVERLAP_GUARDED_BY(mutex_);  // started by the first order
};

}  // namespace overlap::serve
