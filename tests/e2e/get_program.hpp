#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "e2e/origin.hpp"
#include "manifest/reader.hpp"
#include "support/program.hpp"

namespace overlap::testing_support {

/// The program's subcommand `arguments.front()`, run to its end.
inline ProgramResult overlap_program(std::vector<std::string> arguments, const std::string& input = "") {
  arguments.insert(arguments.begin(), program());
  return run_program(arguments, {.text = input, .environment = {}, .directory = {}});
}

/// The object that --json has printed.
inline boost::json::value json_of(const ProgramResult& result) {
  boost::system::error_code error;
  auto value = boost::json::parse(result.out, error);
  if (error) throw std::runtime_error("no JSON: " + result.out + result.err);
  return value;
}

inline std::int64_t number(const boost::json::value& object, const char* name) {
  return object.at(name).to_number<std::int64_t>();
}

/// All rows of a directory's manifest, in order.
inline std::vector<manifest::ItemRow> rows_of(const std::string& directory) {
  auto reader = manifest::Reader::open(directory);
  if (!reader) throw std::runtime_error(reader.error().message);
  if (const auto whole = reader->check(); !whole) throw std::runtime_error(whole.error().message);
  std::vector<manifest::ItemRow> rows;
  const auto read = reader->each(std::nullopt, [&rows](const manifest::ItemRow& row) {
    rows.push_back(row);
    return true;
  });
  if (!read) throw std::runtime_error(read.error().message);
  return rows;
}

}  // namespace overlap::testing_support
