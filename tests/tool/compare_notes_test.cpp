// What is said beside the figures, on the terminal and on the page.
#include "compare/notes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "page/findings.hpp"

namespace overlap::compare {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

/// Findings that give rise to every note.
KnownFindings doubtful() {
  KnownFindings findings;
  findings.machine.load = 2;
  findings.result.results_differ = true;
  for (ModelRuns& model : findings.result.models) {
    for (MeasuredRun& run : model.runs) {
      run.busiest_origin_cpu = run.result.seconds;
      run.origins_cpu = run.result.seconds;
      run.result.cpu_seconds = run.result.seconds;
      run.result.machine_busy = 1;
    }
  }
  findings.result.models[0].runs[0].result.machine_busy = 1;
  return findings;
}

TEST(CompareNotes, NameWhatStandsAgainstTheFigures) {
  const auto notes = doubtful().with(notes_of);
  EXPECT_THAT(notes,
              ElementsAre("with 3 runs the median of all that could be lies within their range in 75 of 100 cases",
                          "the machine was busy when this began (load 2.0 on 2 CPUs), which shows in the figures",
                          "the built-in origin was busy all the time, so it may be what limits inline, threads",
                          "origin and work share the CPUs, and left none of them free under inline, threads",
                          "what was downloaded is not the same in every run"));
}

TEST(CompareNotes, OthersThatUseTheCpusAreNamed) {
  KnownFindings findings = doubtful();
  for (MeasuredRun& run : findings.result.models[1].runs) run.result.cpu_seconds = run.origins_cpu = 0;
  EXPECT_THAT(
      findings.with(notes_of),
      testing::Contains("other programs of this machine, such as a server on it, left no CPU free under threads"));
}

TEST(CompareNotes, TerminalHasThemAll) {
  const KnownFindings findings = doubtful();
  const std::string text = findings.with([](const Findings& all) { return report_text(all); });
  for (const std::string& note : findings.with(notes_of)) EXPECT_THAT(text, HasSubstr("note: " + note + "\n"));
}

TEST(CompareNotes, PageHasThemAllAsSentences) {
  const std::string page = doubtful().with([](const Findings& all) { return page_data(all); });
  EXPECT_THAT(page, HasSubstr("\"Origin and work share the CPUs, and left none of them free under inline, threads.\""));
  EXPECT_THAT(page, HasSubstr("\"What was downloaded is not the same in every run.\""));
}

}  // namespace
}  // namespace overlap::compare
