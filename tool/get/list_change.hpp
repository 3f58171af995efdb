// What is said of a list that is not the one that an earlier run has outcomes of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace overlap::get {

inline constexpr const char* kHowToGoOn =
    "--force fetches the whole list anew; -P puts another list into another directory";

inline std::string changed_entry_text(std::uint64_t ordinal, std::string_view was, std::string_view is) {
  return fmt::format("the list changed since the run that is to be resumed: its entry {} was {} and is {}. {}", ordinal,
                     was, is, kHowToGoOn);
}

inline std::string cut_list_text(std::uint64_t entries, std::uint64_t last_known) {
  return fmt::format("the list has {} entries, and an earlier run got as far as entry {}: it was cut. {}", entries,
                     last_known, kHowToGoOn);
}

}  // namespace overlap::get
