#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace overlap::http {

struct Header {
  std::string name;
  std::string value;

  friend bool operator==(const Header&, const Header&) = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name, value);
  }
};

/// Header fields in their order; a name may come more than once. Names are compared without regard to case.
class Headers {
 public:
  using const_iterator = std::vector<Header>::const_iterator;

  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  /// Takes out every field of that name.
  void remove(std::string_view name);
  void clear() noexcept { fields_.clear(); }
  void reserve(std::size_t fields) { fields_.reserve(fields); }

  /// The first field of that name. Valid until the headers change.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
  std::size_t count(std::string_view name) const noexcept;

  const_iterator begin() const noexcept { return fields_.begin(); }
  const_iterator end() const noexcept { return fields_.end(); }
  std::size_t size() const noexcept { return fields_.size(); }
  bool empty() const noexcept { return fields_.empty(); }

  /// The value of the last field, to append a continuation line to; there must be one.
  std::string& last_value() { return fields_.back().value; }

  friend bool operator==(const Headers&, const Headers&) = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(fields_);
  }

 private:
  std::vector<Header> fields_;
};

/// Whether two names of fields are the same.
bool same_name(std::string_view a, std::string_view b) noexcept;

}  // namespace overlap::http
