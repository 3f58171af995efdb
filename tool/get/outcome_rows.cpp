#include "get/outcome_rows.hpp"

#include <algorithm>
#include <utility>

#include "cli/escape.hpp"
#include "manifest/utc.hpp"

namespace overlap::get {
namespace {

constexpr std::size_t kMaxMessage = 1000;
constexpr std::size_t kMaxContentType = 200;
constexpr std::size_t kMaxValidator = 1000;

std::string now_text() { return manifest::utc_text(std::chrono::system_clock::now()); }

/// Visible ASCII and blanks: what a header can carry everywhere.
std::string sendable(std::string text) {
  const bool is_sendable =
      text.size() <= kMaxValidator && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (!is_sendable) text.clear();
  return text;
}

manifest::ItemRow row_of(const EntryFacts& entry) {
  manifest::ItemRow row;
  row.ordinal = entry.ordinal;
  row.line = entry.line;
  row.url = entry.url;
  row.final_url = entry.final_url;
  row.tries = entry.tries;
  row.kept = entry.kept;
  if (entry.started != std::chrono::system_clock::time_point{}) row.started = manifest::utc_text(entry.started);
  row.finished = now_text();
  return row;
}

}  // namespace

manifest::ItemRow ok_row(const EntryFacts& entry, Receipt&& receipt) {
  manifest::ItemRow row = row_of(entry);
  row.state = manifest::State::ok;
  row.http_status = receipt.status;
  row.bytes = receipt.bytes;
  row.sha256 = std::move(receipt.sha256);
  row.content_type = cli::escape_for_terminal(receipt.content_type, kMaxContentType);
  row.etag = sendable(std::move(receipt.validators.etag));
  row.last_modified = sendable(std::move(receipt.validators.last_modified));
  row.path = std::move(receipt.path);
  row.seconds = std::chrono::duration<double>(receipt.seconds).count();
  return row;
}

manifest::ItemRow failed_row(const EntryFacts& entry, const FailureFacts& failure) {
  manifest::ItemRow row = row_of(entry);
  row.state = manifest::State::failed;
  row.error_class = http::to_string(failure.error_class);
  row.message = cli::escape_for_terminal(failure.message, kMaxMessage);
  row.may_pass = failure.may_pass;
  row.http_status = failure.status;
  row.seconds = failure.seconds;
  return row;
}

manifest::ItemRow bad_input_row(const BadLine& line) {
  manifest::ItemRow row;
  row.ordinal = line.ordinal;
  row.line = line.line;
  row.url = line.text;
  row.state = manifest::State::bad_input;
  row.error_class = http::to_string(http::ErrorClass::bad_input);
  row.message = cli::escape_for_terminal(line.why, kMaxMessage);
  row.finished = now_text();
  return row;
}

}  // namespace overlap::get
