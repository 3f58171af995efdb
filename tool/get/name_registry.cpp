#include "get/name_registry.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "get/safe_name.hpp"
#include "get/stable_hash.hpp"

namespace overlap::get {
namespace {

constexpr std::uint64_t kDirectory = 1;  // the owner of a path that has names below it
constexpr std::size_t kFirstSlots = 64;

std::uint64_t hash_folded(std::string_view path) {
  std::string folded(path);
  std::ranges::transform(folded, folded.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return stable_hash(folded);
}

/// Never 0 (no owner) nor kDirectory.
std::uint64_t owner_of(std::string_view identity) { return std::max<std::uint64_t>(stable_hash(identity), 2); }

/// A key for the two together.
std::uint64_t mix(std::uint64_t path, std::uint64_t owner) {
  return std::rotl(path, 23) ^ (owner * 0x9e3779b97f4a7c15);
}

}  // namespace

std::uint64_t HashTable::find(std::uint64_t key) const { return slots_.empty() ? 0 : slots_[slot_of(key)].value; }

void HashTable::set(std::uint64_t key, std::uint64_t value) {
  if ((size_ + 1) * 4 > slots_.size() * 3) grow();
  Slot& slot = slots_[slot_of(key)];
  if (slot.value == 0) ++size_;
  slot = {.key = key, .value = value};
}

/// Where `key` is, or the free slot where it goes.
std::size_t HashTable::slot_of(std::uint64_t key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = static_cast<std::size_t>(key) & mask;
  while (slots_[at].value != 0 && slots_[at].key != key) at = (at + 1) & mask;
  return at;
}

void HashTable::grow() {
  const auto old = std::exchange(slots_, std::vector<Slot>(std::max(kFirstSlots, slots_.size() * 2)));
  for (const Slot& slot : old) {
    if (slot.value != 0) slots_[slot_of(slot.key)] = slot;
  }
}

std::string NameRegistry::claim(std::string_view path, std::string_view identity) {
  std::string placed;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    placed = place(placed.append(path.substr(0, slash)), kDirectory).append("/");
    path.remove_prefix(slash + 1);
  }
  return place(placed.append(path), owner_of(identity));
}

/// Makes `owner` the owner of `path`, or of the first numbered form of it that is free or his own.
std::string NameRegistry::place(const std::string& path, std::uint64_t owner) {
  const std::uint64_t key = hash_folded(path);
  const auto take = [this, owner](std::uint64_t wanted) {
    const std::uint64_t holder = owners_.find(wanted);
    if (holder == 0) owners_.set(wanted, owner);
    return holder == 0 || holder == owner;
  };
  if (take(key)) return path;

  const std::uint64_t placed_key = mix(key, owner);
  if (const std::uint64_t number = placed_.find(placed_key); number != 0) {
    std::string known = with_suffix(path, number);
    if (owners_.find(hash_folded(known)) == owner) return known;  // else another's key is the same by chance
  }
  // Numbers below this were taken when they were tried, and nothing is ever given back.
  for (std::uint64_t number = std::max<std::uint64_t>(next_number_.find(key), 2);; ++number) {
    std::string numbered = with_suffix(path, number);
    if (!take(hash_folded(numbered))) continue;
    next_number_.set(key, number + 1);
    placed_.set(placed_key, number);
    return numbered;
  }
}

}  // namespace overlap::get
