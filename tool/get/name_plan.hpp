#pragma once

#include <string>

#include "get/list_reader.hpp"
#include "get/name_registry.hpp"
#include "get/name_template.hpp"

namespace overlap::get {

/// Gives each item of a run the path that its body is saved under. The same list gives the same paths.
class NamePlan {
 public:
  explicit NamePlan(NameTemplate names) : template_(std::move(names)) {}

  /// Whether path_for() must be asked for every item in the order of the list, lest later ones get other names.
  bool needs_every_item() const { return !template_.gives_unique_names(); }

  std::string path_for(const Item& item, const Url& url) {
    NameFacts facts{url, item.ordinal};
    if (item.name) facts.name = *item.name;
    std::string path = template_.name(facts);
    return template_.gives_unique_names() ? path : registry_.claim(path, url.request());
  }

 private:
  NameTemplate template_;
  NameRegistry registry_;
};

}  // namespace overlap::get
