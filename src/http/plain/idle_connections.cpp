#include "http/plain/idle_connections.hpp"

#include <algorithm>

namespace overlap::http::detail {
namespace {

constexpr std::size_t kOriginsKept = 1024;  // with no idle connection, against making them again at every request

}  // namespace

std::optional<int> IdleConnections::take(std::string_view origin) {
  const auto found = origins_.find(origin);
  if (found == origins_.end() || found->second.empty()) return std::nullopt;
  const int socket = found->second.back();
  found->second.pop_back();
  forget(places_[static_cast<std::size_t>(socket)]);
  return socket;
}

void IdleConnections::add(std::string_view origin, int socket, TimePoint now) {
  auto found = origins_.find(origin);
  if (found == origins_.end()) {
    if (origins_.size() > kOriginsKept + order_.size())
      std::erase_if(origins_, [](const auto& one) { return one.second.empty(); });
    found = origins_.emplace(origin, std::vector<int>()).first;
  }
  found->second.push_back(socket);
  const auto index = static_cast<std::size_t>(socket);
  if (index >= places_.size()) places_.resize(index + index / 2 + 16, order_.end());
  if (spare_.empty()) spare_.emplace_back();
  order_.splice(order_.end(), spare_, spare_.begin());
  order_.back() = {socket, now, &found->first};
  places_[index] = std::prev(order_.end());
}

void IdleConnections::forget(Order::iterator idle) {
  places_[static_cast<std::size_t>(idle->socket)] = order_.end();
  spare_.splice(spare_.begin(), order_, idle);
}

void IdleConnections::remove(int socket) {
  const auto index = static_cast<std::size_t>(socket);
  if (index >= places_.size() || places_[index] == order_.end()) return;
  const auto found = origins_.find(*places_[index]->origin);
  std::erase(found->second, socket);
  forget(places_[index]);
}

std::optional<int> IdleConnections::surplus(std::size_t most, TimePoint since) const {
  if (order_.empty()) return std::nullopt;
  const bool is_surplus = order_.size() > most || order_.front().since < since;
  return is_surplus ? std::optional(order_.front().socket) : std::nullopt;
}

}  // namespace overlap::http::detail
