#include "manifest/read_item.hpp"

namespace overlap::manifest {

ItemRow read_item(const Statement& statement) {
  int column = 0;
  const auto count = [&] { return static_cast<std::uint64_t>(statement.integer(column++)); };
  const auto text = [&] { return std::string(statement.text(column++)); };
  ItemRow row;  // assigned one by one: in the order of the columns
  row.ordinal = count();
  row.line = count();
  row.url = text();
  row.final_url = text();
  row.state = state_of(text());
  row.error_class = text();
  row.message = text();
  row.may_pass = count() != 0;
  row.http_status = static_cast<int>(count());
  row.tries = static_cast<int>(count());
  row.bytes = count();
  row.sha256 = text();
  row.content_type = text();
  row.etag = text();
  row.last_modified = text();
  row.path = text();
  row.same_as = count();
  row.started = text();
  row.finished = text();
  row.seconds = statement.real(column++);
  row.batch = count();
  row.kept = text();
  return row;
}

}  // namespace overlap::manifest
