#pragma once

#include <array>
#include <string>
#include <string_view>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parser.hpp>

#include "get/list_decoder.hpp"

namespace overlap::get {

/// The entries of JSON lines: an object each. The first one must have every column that was asked for, be it null, so
/// that a name mistyped on the command line is not taken for a column without values.
class JsonlDecoder final : public ListDecoder {
 public:
  explicit JsonlDecoder(ListColumns columns) : columns_(std::move(columns)) {}

  std::optional<ListEntry> feed(const Line& line) override;

 private:
  ListEntry make_entry(const boost::json::object& row, std::uint64_t line) const;
  std::string kept_of(const boost::json::object& row) const;
  ListEntry bad_line(const Line& line, std::string why) const;
  void check_columns(const boost::json::object& row);

  const ListColumns columns_;
  std::array<unsigned char, 8192> buffer_{};  // so that a usual row needs no allocation
  boost::json::monotonic_resource memory_{buffer_.data(), buffer_.size()};
  boost::json::parser parser_;  // of which values lie in memory_
  bool is_checked_ = false;
};

}  // namespace overlap::get
