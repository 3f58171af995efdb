// What the manifest of an output directory holds, as values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace overlap::manifest {

/// The outcome of an entry. What has none yet has no row.
enum class State : std::uint8_t {
  ok,         ///< a file holds its body
  failed,     ///< `error_class` and `message` say why
  bad_input,  ///< the entry cannot be read
};

std::string_view to_string(State state);
/// `failed` for what is none of the three: it will be fetched again.
State state_of(std::string_view text);

/// An entry of a list and its outcome. Text is UTF-8 without control characters and without credentials: whoever fills
/// it has seen to that.
struct ItemRow {
  std::uint64_t ordinal = 0;
  std::uint64_t line = 0;  ///< 0: an argument of the command line
  std::string url;         ///< as the list has it, in the one spelling; of bad input the text
  std::string final_url;   ///< that of the last request
  State state = State::failed;
  std::string error_class;
  std::string message;
  bool may_pass = false;  ///< of a failure: the same request may well succeed later
  int http_status = 0;    ///< 0: no response came
  int tries = 0;
  std::uint64_t bytes = 0;
  std::string sha256;  ///< in hex; empty: not known (--no-clobber left a file alone)
  std::string content_type;
  std::string etag;
  std::string last_modified;
  std::string path;           ///< below the directory
  std::uint64_t same_as = 0;  ///< the entry that was fetched in its stead (--dedupe)
  std::string started;        ///< UTC, as utc_text() writes it
  std::string finished;
  double seconds = 0;       ///< of the last request
  std::uint64_t batch = 0;  ///< whose files were synced together; 0: nothing was to be synced
  std::string kept;         ///< a JSON object: the columns of the list that were to be kept (--keep-cols)
};

/// What resuming asks of a row.
struct EarlierRow {
  std::uint64_t ordinal = 0;
  State state = State::failed;
  bool may_pass = false;
  std::string url;
  std::string path;
  std::uint64_t bytes = 0;
  std::string error_class;
  std::uint64_t same_as = 0;
  std::uint64_t batch = 0;
  bool has_size = false;  ///< not of the manifest: a file of that path has that size
};

/// What a file is known by. Valid during a call.
struct StoredRow {
  std::string_view path;
  std::string_view url;
  std::string_view sha256;
};

/// One run over one list.
struct RunRow {
  std::uint64_t id = 0;
  std::string source;  ///< of its list
  std::string began;
  std::string ended;    ///< empty: it runs, or was killed
  std::string outcome;  ///< "complete", "interrupted", ...
  std::string options;  ///< a JSON object
  std::uint64_t items = 0;
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t skipped = 0;
  std::uint64_t bad_input = 0;
  std::uint64_t bytes = 0;
};

}  // namespace overlap::manifest
