// The manifest's rows, made of what a run knows. Everything that comes from outside is made fit to store: escaped and
// shortened; validators that could not be sent back as they are, are left out.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "get/fetch_job.hpp"
#include "get/list_entry.hpp"
#include "manifest/rows.hpp"

namespace overlap::get {

/// What the run knows of an entry besides what came of it. Refers to texts of the run's.
struct EntryFacts {
  std::uint64_t ordinal = 0;
  std::uint64_t line = 0;
  std::string_view url;        ///< as Url::display() gives it
  std::string_view final_url;  ///< the same, of the last request
  int tries = 0;
  std::chrono::system_clock::time_point started{};  ///< of the first request; the epoch: none was made
  std::string_view kept;                            ///< as Item::kept
};

manifest::ItemRow ok_row(const EntryFacts& entry, Receipt&& receipt);

struct FailureFacts {
  http::ErrorClass error_class{};
  std::string message;
  bool may_pass = false;  ///< the same request may well succeed later
  int status = 0;
  double seconds = 0;  ///< of the last request
};

manifest::ItemRow failed_row(const EntryFacts& entry, const FailureFacts& failure);

manifest::ItemRow bad_input_row(const BadLine& line);

}  // namespace overlap::get
