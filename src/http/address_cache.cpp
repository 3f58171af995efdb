#include "http/address_cache.hpp"

#include <utility>

namespace overlap::http::detail {

const AddressCache::Entry* AddressCache::find(std::string_view host) {
  const auto found = by_host_.find(host);
  if (found == by_host_.end()) return nullptr;
  nodes_.splice(nodes_.begin(), nodes_, found->second);
  return &found->second->entry;
}

void AddressCache::insert(std::string host, Entry entry) {
  if (const auto found = by_host_.find(host); found != by_host_.end()) {
    found->second->entry = std::move(entry);
    nodes_.splice(nodes_.begin(), nodes_, found->second);
    return;
  }
  nodes_.push_front({std::move(host), std::move(entry)});
  by_host_.emplace(nodes_.front().host, nodes_.begin());
  if (nodes_.size() <= max_entries_) return;
  by_host_.erase(nodes_.back().host);
  nodes_.pop_back();
}

}  // namespace overlap::http::detail
