// Any Content-Range, as the answer to a request for the rest of a body; and any text as an address that a user gives.
#include <cstddef>
#include <cstdint>
#include <string>

#include "check.hpp"
#include "get/body_rest.hpp"
#include "http/address_overrides.hpp"

namespace {

using namespace overlap::get;
using overlap::fuzz::check;

void check_range(const std::string& text) {
  const auto range = parse_content_range(text);
  if (range && range->total != 0) check(range->first <= range->last && range->last < range->total);
  overlap::http::Response head;
  head.status = 206;
  head.headers.add("Content-Range", text);
  const CutBody cut{"part", 500, 1000, "\"v1\"", ""};
  if (check_rest(head, cut)) check(range && range->first == 500 && range->last == 999);
}

void check_addresses(const std::string& text) {
  namespace http = overlap::http::detail;
  http::literal_address(text);
  http::is_name_server(text);
  const auto overrides = http::AddressOverrides::parse({text});
  if (overrides) check(!overrides->empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_range(text);
  check_addresses(text);
  return 0;
}
