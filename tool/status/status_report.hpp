// What `overlap status` says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "manifest/reader.hpp"
#include "status/host_times.hpp"

namespace overlap::status {

struct StatusReport {
  std::string directory;
  std::vector<manifest::Reader::Count> counts;
  std::optional<manifest::RunRow> last_run;
  std::vector<HostTime> slowest;
};

/// For a person.
std::string status_text(const StatusReport& report);
/// One JSON object.
std::string status_json(const StatusReport& report);

/// A failed entry as a JSON object on one line: its "url" makes it an entry of a list again.
std::string failed_line(const manifest::ItemRow& row);

}  // namespace overlap::status
