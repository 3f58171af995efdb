// Runs the commands of a page as its reader would.
#pragma once

#include <string>
#include <vector>

#include "docs/console.hpp"

namespace overlap::docs {

struct PagePlaces {
  std::string program;   ///< the directory that has `overlap`
  std::string programs;  ///< the one that has the built programs of the page
};

/// What each step printed, in the order of the steps of all blocks that are run; one that was not reached is missing.
struct StepOutcome {
  std::string output;
  int exit_code = 0;
};

/// In one bash, in an empty directory. `overlap` is on the PATH, and is build/run/bin/overlap too.
///
/// The port 8080 of the page stands for whatever port is free: "overlap serve --port 8080 ... &" is started with port
/// 0, and from then on commands are given the port that it says, and outputs have 8080 in its place.
std::vector<StepOutcome> run_page(const Page& page, const PagePlaces& places);

/// The steps that run_page() runs, in order, each with its block.
struct RunStep {
  const Block* block;
  const Step* step;
};
std::vector<RunStep> steps_to_run(const Page& page);

}  // namespace overlap::docs
