#include "get/outcome_log.hpp"

#include <cerrno>
#include <system_error>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include "cli/escape.hpp"
#include "manifest/utc.hpp"

namespace overlap::get {
namespace {

std::string cannot(std::string_view what, const std::string& file) {
  return fmt::format("--log: cannot {} {}: {}", what, cli::escape_for_terminal(file, 200),
                     std::generic_category().message(errno));
}

boost::json::object begin_line(std::string_view event) {
  boost::json::object line;
  line["time"] = manifest::utc_text(std::chrono::system_clock::now());
  line["event"] = event;
  return line;
}

void add_text(boost::json::object& line, std::string_view name, const std::string& text) {
  if (!text.empty()) line[name] = text;
}

void add_stored(boost::json::object& line, const manifest::ItemRow& row) {
  line["bytes"] = row.bytes;
  add_text(line, "path", row.path);
  add_text(line, "sha256", row.sha256);
  add_text(line, "content_type", row.content_type);
}

}  // namespace

std::expected<OutcomeLog, std::string> OutcomeLog::open(const std::string& file) {
  if (file == "-") return OutcomeLog(stderr, file);
  std::FILE* const opened = std::fopen(file.c_str(), "ae");
  if (opened == nullptr) return std::unexpected(cannot("write to", file));
  return OutcomeLog(opened, file);
}

void OutcomeLog::outcome(const manifest::ItemRow& row) {
  boost::json::object line = begin_line(manifest::to_string(row.state));
  line["ordinal"] = row.ordinal;
  if (row.line != 0) line["line"] = row.line;
  line["url"] = row.url;
  if (row.final_url != row.url) add_text(line, "final_url", row.final_url);
  add_text(line, "class", row.error_class);
  add_text(line, "message", row.message);
  if (row.http_status != 0) line["http_status"] = row.http_status;
  if (row.tries != 0) line["tries"] = row.tries;
  if (row.state == manifest::State::ok) add_stored(line, row);
  if (row.same_as != 0) line["same_as"] = row.same_as;
  if (row.seconds > 0) line["seconds"] = row.seconds;
  if (!row.kept.empty()) {
    boost::system::error_code error;
    auto kept = boost::json::parse(row.kept, error);
    if (!error) line["kept"] = std::move(kept);
  }
  write(boost::json::serialize(line));
}

void OutcomeLog::retry(const FailedItem& item, Duration delay) {
  boost::json::object line = begin_line("retry");
  line["ordinal"] = item.ordinal;
  if (item.line != 0) line["line"] = item.line;
  line["url"] = item.url;
  line["class"] = http::to_string(item.error_class);
  line["message"] = cli::escape_for_terminal(item.message, 500);
  line["tries"] = item.tries;
  line["delay"] = std::chrono::duration<double>(delay).count();
  write(boost::json::serialize(line));
}

void OutcomeLog::write(std::string line) {
  if (error_) return;
  line += '\n';
  is_dirty_ = true;
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) fail();
}

void OutcomeLog::flush() {
  if (error_ || !std::exchange(is_dirty_, false)) return;
  if (std::fflush(file_.get()) != 0) fail();
}

void OutcomeLog::fail() { error_ = cannot("write to", name_); }

}  // namespace overlap::get
