// Who has which name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace overlap::get {

/// 64-bit keys and values, 16 bytes an entry and no allocation of its own for any. Keys are hashes already.
class HashTable {
 public:
  /// The value of `key`, 0 if it has none.
  std::uint64_t find(std::uint64_t key) const;

  /// Sets the value of `key`; `value` is not 0.
  void set(std::uint64_t key, std::uint64_t value);

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint64_t value = 0;  // 0: free
  };

  std::size_t slot_of(std::uint64_t key) const;
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most three quarters taken
  std::size_t size_ = 0;
};

/// Gives each item of a run a name of its own. Used by one thread, in the order of the list: then the same list gives
/// the same names.
///
/// A name is taken if another item has it, also in other ASCII case (some file systems do not tell), if it is a
/// directory of other names, or if one of its directories is a file. Then a number goes before the extension:
/// page.html, page-2.html; file "a", then "a-2/b" for "a/b".
///
/// It keeps hashes only: 21 to 43 bytes a name, and up to twice that again for one that had to change. Two names with
/// one hash (for a hundred million names the odds are 1 in 3700) count as one name: a number too many, never a file
/// lost.
class NameRegistry {
 public:
  /// The name for the item `identity` (its URL, or the digest of its body where that makes the name): `path` itself if
  /// nobody else has it, else with a number. The same identity asking for the same path again gets the same name.
  /// `path` comes from NameTemplate or make_safe_path(), and so fit for OutputDirectory is what it returns.
  std::string claim(std::string_view path, std::string_view identity);

 private:
  std::string place(const std::string& path, std::uint64_t owner);

  HashTable owners_;       // folded path -> its owner
  HashTable placed_;       // path and owner -> the number that it got instead
  HashTable next_number_;  // path -> the lowest number not tried yet
};

}  // namespace overlap::get
