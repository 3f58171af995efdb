// A page of a run that really had a hundred thousand tasks, made by the program itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "e2e/origin.hpp"
#include "support/browser.hpp"
#include "support/program.hpp"

namespace overlap {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::Browser;
using testing_support::Origin;
using testing_support::program;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

constexpr int kTasks = 100'000;

/// `overlap compare --html` of a list with so many URLs, under the loop.
void make_page(const TemporaryDirectory& directory) {
  const Origin origin;
  std::string list;
  for (int i = 0; i < kTasks; ++i) list += origin.url("/bytes/10?" + std::to_string(i)) + "\n";
  directory.write("list", list);
  const ProgramResult result =
      run_program({program(), "compare", "--workload", directory.file("list"), "--models", "loop", "--repeat", "1",
                   "--warmup", "0", "--html", directory.file("page.html")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
}

TEST(PageOfManyTasks, IsWholeZoomsAndNamesEachTask) {
  const TemporaryDirectory directory;
  make_page(directory);
  Browser browser;
  browser.open(directory.file("page.html"));
  const double ready = browser.number("performance.getEntriesByType('navigation')[0].loadEventEnd");
  const double drawn = browser.number(
      "(() => { const begin = performance.now(); overlapPage.timelines[0].draw(); "
      "return performance.now() - begin; })()");
  std::printf("a page of %.1f MB, ready after %.0f ms, drawn again in %.0f ms\n",
              static_cast<double>(std::filesystem::file_size(directory.file("page.html"))) / 1e6, ready, drawn);

  const std::string canvas = "document.querySelector('canvas').dataset.";
  EXPECT_EQ(browser.number("Number(" + canvas + "seen)"), kTasks);
  EXPECT_EQ(browser.text(canvas + "mode"), "density");
  EXPECT_GT(browser.number("Number(" + canvas + "marks)"), 0);

  browser.evaluate("for (let i = 0; i < 8; i += 1) document.querySelector('[aria-label=\"Zoom in\"]').click()");
  const double seen = browser.number("Number(" + canvas + "seen)");
  EXPECT_GT(seen, 0);
  EXPECT_LT(seen, 4000) << "a 256th of the time";
  EXPECT_EQ(browser.text(canvas + "mode"), "tasks");

  browser.evaluate("overlapPage.timelines[0].focus_task(99999)");
  EXPECT_THAT(browser.text("document.querySelector('.said').textContent"), HasSubstr("/bytes/10?"));
  EXPECT_EQ(browser.number("[...document.querySelectorAll('#latencies rect')]"
                           ".reduce((sum, bar) => sum + Number(bar.dataset.count), 0)"),
            kTasks);
  EXPECT_THAT(browser.complaints(), IsEmpty());
  EXPECT_THAT(browser.requests(), IsEmpty());
}

}  // namespace
}  // namespace overlap
