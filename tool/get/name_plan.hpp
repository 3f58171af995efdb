#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "get/list_entry.hpp"
#include "get/name_registry.hpp"
#include "get/name_template.hpp"

namespace overlap::get {

/// Gives each item of a run the path that its body is saved under.
///
/// Where the list alone tells the names, the same list gives the same paths. Where the answer is needed (its
/// Content-Disposition, the body's digest) paths are given late, in the order in which bodies come. Then, and where the
/// directory holds what other lists have brought, which names earlier runs have given must be said first, by reserve().
class NamePlan {
 public:
  enum class Source : std::uint8_t {
    list,      ///< URL and name column
    response,  ///< the Content-Disposition header before the URL
  };

  explicit NamePlan(NameTemplate names, Source source = Source::list)
      : template_(std::move(names)), needs_response_(source == Source::response) {}

  bool takes_name_of_response() const { return needs_response_; }

  /// Whether names are known only once the body is.
  bool is_late() const { return needs_response_ || template_.needs_body_digest(); }

  /// Whether path_for() must be asked for every item in the order of the list, lest later ones get other names.
  bool needs_every_item() const { return !is_late() && !gives_unique_names(); }

  /// Not if is_late(). `previous` is the path that the item's body has, if it is there.
  std::string path_for(const Item& item, const Url& url, std::string_view previous = {});

  /// With all that is known in the end. One body under one name: with a digest in the template what has the same body
  /// may have the same path; else what is one request, of one identity_of(). `previous` is the path that the item had
  /// before, which it keeps if that is a form of its name.
  std::string claim(const NameFacts& facts, std::string_view identity, std::string_view previous);

  /// A path that an earlier run has given to the body of this URL.
  void reserve(std::string_view path, std::string_view url, std::string_view sha256) {
    registry_.claim(path, template_.needs_body_digest() ? sha256 : url);
  }

  /// A file that no body may replace.
  void forbid(std::string_view path) { registry_.claim(path, {}); }

  /// Other lists have brought bodies into the directory: all names of earlier runs are reserved.
  void share_directory() { shares_directory_ = true; }

 private:
  bool gives_unique_names() const { return !shares_directory_ && template_.gives_unique_names(); }

  NameTemplate template_;
  bool needs_response_ = false;
  bool shares_directory_ = false;
  NameRegistry registry_;
};

/// What tells an item's request from others: its URL, and what else it sends of its own, since that may bring another
/// body. Not to be stored: it may hold secrets.
std::string identity_of(const Item& item, const Url& url);

}  // namespace overlap::get
