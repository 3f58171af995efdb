// The program's subcommand `compare` in tests.
#pragma once

#include <dirent.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "e2e/origin.hpp"
#include "support/program.hpp"

namespace overlap::testing_support {

inline ProgramResult compare(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
  arguments.insert(arguments.begin(), {program(), "compare"});
  return run_program(arguments, {.text = {}, .environment = std::move(environment), .directory = {}});
}

inline boost::json::value figures_of(const ProgramResult& result) {
  boost::system::error_code error;
  auto value = boost::json::parse(result.out, error);
  EXPECT_FALSE(error) << result.out << result.err;
  return value;
}

inline std::string read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The processes whose environment has this text: all that came from one call of the program.
inline std::vector<std::string> processes_with(const std::string& text) {
  std::vector<std::string> found;
  DIR* const processes = opendir("/proc");
  while (const dirent* const entry = readdir(processes)) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_file("/proc/" + name + "/environ").find(text) != std::string::npos) found.push_back(name);
  }
  closedir(processes);
  return found;
}

inline bool all_end(const std::string& text) {
  for (int i = 0; i < 500; ++i) {
    if (processes_with(text).empty()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

}  // namespace overlap::testing_support
