// The console blocks of a page of the documentation: what they say, and whether it is so.
//
// A block that begins with ```console has lines "$ COMMAND" (a line "> ..." continues it), each with the lines that the
// command prints, on either output. The commands of a page run in one shell, in a directory that is empty at the
// beginning. An HTML comment right before a block, from "<!-- console" to "-->", says what a reader need not see:
//
//     before: COMMAND
//
// runs first, and must succeed; the lines below that begin with two spaces belong to it.
//
//     measured: 219 96
//
// Figures with a decimal point and times (31ms) may be others, bars (###) longer or shorter, and so may these words.
//
//     not run: REASON
//
// The block is not run; the test lists it.
//
// A block of C++ with <!-- program: NAME --> before it is compiled by the build, and ./NAME is there to run; with
// <!-- source: NAME.cpp --> it is only put into the directory, for the page to compile.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace overlap::docs {

struct Step {
  std::size_t line = 0;  ///< of the page
  std::string command;
  std::vector<std::string> expected;  ///< lines
  bool is_shown = true;               ///< false for one of a comment
};

struct Block {
  std::size_t line = 0;
  std::vector<Step> steps;
  bool is_measured = false;
  std::set<std::string> measured;  ///< words that may be others, besides figures with a decimal point
  std::string why_not_run;         ///< empty: it is run
};

struct Source {
  std::string name;  ///< of the program or the file
  std::string code;
  bool is_built = false;
};

struct Page {
  std::vector<Block> blocks;
  std::vector<Source> sources;
};

/// Throws std::runtime_error that names the line where it cannot be understood.
Page read_page(const std::string& text);

/// What is different in what came, as a sentence for people; empty if nothing is. A line "..." of the expected ones
/// stands for any lines or none. Where figures are measured, the notes that `overlap compare` makes about the machine
/// may come too, and columns may be wider.
std::string difference(const Block& block, const std::vector<std::string>& expected, const std::string& output);

}  // namespace overlap::docs
