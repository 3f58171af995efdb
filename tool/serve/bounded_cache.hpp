#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace overlap::serve {

/// Values by name, the least recently used of which go when the sum of their costs exceeds the capacity. A value that
/// alone exceeds it is not kept. Value is cheap to copy and has an empty state (a shared_ptr). Not thread-safe.
template <class Value>
class BoundedCache {
 public:
  explicit BoundedCache(std::size_t capacity) : capacity_(capacity) {}

  /// The empty value if there is none.
  Value find(std::string_view name) {
    const auto found = index_.find(name);
    if (found == index_.end()) return {};
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  /// Keeps a value under a name that find() did not find.
  void insert(std::string_view name, Value value, std::size_t cost) {
    cost += name.size() + sizeof(Entry);
    if (cost > capacity_ || index_.contains(name)) return;
    while (cost_ + cost > capacity_) drop_oldest();
    entries_.push_front({std::string(name), std::move(value), cost});
    index_.emplace(entries_.front().name, entries_.begin());
    cost_ += cost;
  }

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string name;
    Value value;
    std::size_t cost;
  };

  void drop_oldest() {
    cost_ -= entries_.back().cost;
    index_.erase(entries_.back().name);
    entries_.pop_back();
  }

  const std::size_t capacity_;
  std::size_t cost_ = 0;
  std::list<Entry> entries_;                                                         // most recently used first
  std::unordered_map<std::string_view, typename std::list<Entry>::iterator> index_;  // keys point into the entries
};

}  // namespace overlap::serve
