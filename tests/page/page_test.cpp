// The page of `compare --html`, in a real browser.
#include "compare/page/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "page/findings.hpp"
#include "support/browser.hpp"

namespace overlap::compare {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_support::Browser;
using testing_support::TemporaryDirectory;

/// A page of known findings, opened.
class OpenPage {
 public:
  explicit OpenPage(const Browser::Options& options = {}, const std::function<void(KnownFindings&)>& change = {})
      : browser(options) {
    KnownFindings findings;
    if (change) change(findings);
    findings.write(directory_.file("page.html"));
    browser.open(directory_.file("page.html"));
  }

  /// Brings a timeline into sight; gives where in the window a point of it is, told by its shares of width and height.
  struct Point {
    double x, y;
  };
  Point point_of(int timeline, double x, double y) {
    const std::string canvas = canvas_of(timeline);
    browser.evaluate(canvas + ".scrollIntoView({block: 'center'})");
    const std::string box = canvas + ".getBoundingClientRect()";
    const double height = browser.number(box + ".height") - 22;  // without the axis
    return {browser.number(box + ".left") + x * browser.number(box + ".width"),
            browser.number(box + ".top") + y * height};
  }
  static std::string canvas_of(int timeline) {
    return "document.querySelectorAll('canvas')[" + std::to_string(timeline) + "]";
  }
  double mark(int timeline, const std::string& name) {
    return browser.number("Number(" + canvas_of(timeline) + ".dataset." + name + ")");
  }
  double length_in_sight(int timeline) { return mark(timeline, "to") - mark(timeline, "from"); }

  Browser browser;

 private:
  const TemporaryDirectory directory_;
};

TEST(Page, LoadsWithoutAComplaintAndAsksForNothing) {
  OpenPage page;
  EXPECT_THAT(page.browser.complaints(), IsEmpty());
  EXPECT_THAT(page.browser.requests(), IsEmpty());
  EXPECT_EQ(page.browser.text("document.title"), "pages: 160 downloads: 2 sites x 80 pages, answered after 50ms");
}

TEST(Page, ReadingIsThereInWords) {
  OpenPage page;
  const std::string text = page.browser.text("document.getElementById('reading').textContent");
  EXPECT_THAT(text, HasSubstr("I/O-bound: 99 % of the time was spent waiting"));
  EXPECT_THAT(text, HasSubstr("waiting for the first byte (80 %, seen under inline)"));
  EXPECT_THAT(text, HasSubstr("Fastest: threads, 2.00 seconds, 4.00 times as fast as one after the other"));
}

TEST(Page, NotesOfTheTerminalAreThereToo) {
  OpenPage page({}, [](KnownFindings& findings) { findings.result.results_differ = true; });
  const std::string text = page.browser.text("document.getElementById('notes').innerText");
  EXPECT_THAT(text,
              HasSubstr("With 3 runs the median of all that could be lies within their range in 75 of 100 cases."));
  EXPECT_THAT(text, HasSubstr("What was downloaded is not the same in every run."));
}

TEST(Page, BarsAreAsLongAsTheirFigures) {
  OpenPage page;
  const auto share = [&page](const std::string& model) {
    const std::string group = "document.querySelector('#time-chart [data-model=" + model + "]')";
    return page.browser.number(group + ".querySelector('.bar').getBoundingClientRect().width / " + group +
                               ".querySelector('.track').getBoundingClientRect().width");
  };
  EXPECT_NEAR(share("inline"), 8 / 8.1, 0.003);
  EXPECT_NEAR(share("threads"), 2 / 8.1, 0.003);
  const std::string threads = "document.querySelector('#time-chart [data-model=threads]')";
  EXPECT_EQ(page.browser.number(threads + ".querySelectorAll('.run').length"), 3);
  EXPECT_THAT(page.browser.text(threads + ".textContent"),
              HasSubstr("2.00 s  \u00b7  4.00\u00d7  \u00b7  80 % of ideal"));
  const std::string box = ".getBoundingClientRect()";
  EXPECT_NEAR(page.browser.number("(" + threads + ".querySelector('.ideal')" + box + ".left - " + threads +
                                  ".querySelector('.track')" + box + ".left) / " + threads +
                                  ".querySelector('.track')" + box + ".width"),
              1.6 / 8.1, 0.005);
}

TEST(Page, ModelInWhichItemsFailedIsMarkedAndNotTheFastest) {
  OpenPage page({}, [](KnownFindings& findings) { findings.result.models[1].runs[0].result.failed = 5; });
  const std::string chart = "document.querySelector('#time-chart [data-model=";
  EXPECT_EQ(page.browser.text(chart + "threads] .bar').getAttribute('class')"), "bar failed");
  EXPECT_EQ(page.browser.text(chart + "inline] .bar').getAttribute('class')"), "bar best");
  EXPECT_THAT(page.browser.text(chart + "threads]').textContent"), HasSubstr("2.00 s  \u00b7  5 failed"));
  EXPECT_THAT(page.browser.text("document.querySelectorAll('#figures tbody tr')[1].innerText"), HasSubstr("5 failed"));
}

TEST(Page, CpuAndMemoryHaveABarAModel) {
  OpenPage page;
  for (const char* const chart : {"cpu-chart", "memory-chart"}) {
    EXPECT_EQ(page.browser.number(std::string("document.querySelectorAll('#") + chart + " .bar').length"), 2) << chart;
  }
  EXPECT_THAT(page.browser.text("document.getElementById('memory-chart').textContent"), HasSubstr("15.0 MiB"));
}

TEST(Page, TablesSayWhatTheChartsShow) {
  OpenPage page;
  const std::string row = page.browser.text("document.querySelectorAll('#figures tbody tr')[1].innerText");
  for (const char* const cell : {"threads", "2.00 s", "1.90 s", "2.50 s", "4.00\u00d7", "80 %", "15.0 MiB"}) {
    EXPECT_THAT(row, HasSubstr(cell));
  }
  EXPECT_THAT(page.browser.text("document.querySelectorAll('.timeline table')[1].textContent"),
              HasSubstr("waiting for the first byte (80 %)"));
  EXPECT_THAT(page.browser.text("document.getElementById('percentiles').innerText"), HasSubstr("100 ms"));
}

TEST(Page, LatenciesOfAModelAddUpToItsTasks) {
  OpenPage page;
  EXPECT_EQ(page.browser.number("[...document.querySelectorAll('#latencies [data-model=threads] rect')]"
                                ".reduce((sum, bar) => sum + Number(bar.dataset.count), 0)"),
            40);
}

TEST(PageTimeline, EveryTaskIsDrawnWithItsPhases) {
  OpenPage page;
  for (const int timeline : {0, 1}) {
    EXPECT_EQ(page.mark(timeline, "seen"), 40);
    EXPECT_EQ(page.mark(timeline, "marks"), 40 * 4);
  }
  EXPECT_EQ(page.mark(0, "to"), 4'000'000);
  EXPECT_EQ(page.mark(1, "to"), 800'000);
  EXPECT_EQ(page.browser.text("document.getElementById('legend').textContent"),
            "connectwaiting for the first bytecomputingother");
}

TEST(PageTimeline, PhasesHaveTheirColours) {
  OpenPage page;
  const auto colour = [&page](double share_of_width) {
    return page.browser.text("(() => { const c = " + OpenPage::canvas_of(1) +
                             "; return [...c.getContext('2d').getImageData(" + std::to_string(share_of_width) +
                             " * c.width, 10, 1, 1).data].slice(0, 3).join(); })()");
  };
  // The first task takes an eighth of the width.
  EXPECT_EQ(colour(0.125 * 0.05), "224,154,43");  // connect
  EXPECT_EQ(colour(0.125 * 0.5), "79,148,222");   // waiting for the first byte
  EXPECT_EQ(colour(0.125 * 0.95), "214,71,91");   // computing
}

TEST(PageTimeline, HoverNamesTheTaskAndItsPhases) {
  OpenPage page;
  const auto point = page.point_of(1, 0.5625, 0.5);  // the middle of the fifth task of the third worker
  page.browser.move_mouse(point.x, point.y);
  const std::string tip = page.browser.text("document.getElementById('tip').innerText");
  EXPECT_THAT(tip, HasSubstr("http://origin/page23"));
  EXPECT_THAT(tip, HasSubstr("pool 2 \u00b7 began at 400 ms \u00b7 took 100 ms"));
  EXPECT_THAT(tip, HasSubstr("queued: 400 ms"));
  EXPECT_THAT(tip, HasSubstr("waiting for the first byte: 80.0 ms"));
}

/// The first task of threads, which lies in the first eighth of the first line, has failed.
void let_one_fail(KnownFindings& findings) {
  for (RunTrace::Span& span : findings.result.models[1].trace->spans) {
    if (span.task == 1 && span.kind == TraceSpan::Kind::running) span.end = TraceSpan::End::failed;
  }
}

TEST(PageTimeline, TaskThatFailedIsCrossedOutAndSaidInTheTip) {
  OpenPage page({}, let_one_fail);
  EXPECT_EQ(page.mark(0, "crosses"), 0);
  EXPECT_EQ(page.mark(1, "crosses"), 1);
  EXPECT_THAT(page.browser.text("document.querySelectorAll('.timeline h3')[1].textContent"), HasSubstr(", 1 failed"));
  EXPECT_THAT(page.browser.text("document.getElementById('legend').textContent"), HasSubstr("\u00d7 failed"));
  const auto point = page.point_of(1, 0.0625, 0.1);
  page.browser.move_mouse(point.x, point.y);
  EXPECT_THAT(page.browser.text("document.getElementById('tip').innerText"), HasSubstr("took 100 ms \u00b7 failed"));
  const auto next = page.point_of(1, 0.1875, 0.1);
  page.browser.move_mouse(next.x, next.y);
  EXPECT_THAT(page.browser.text("document.getElementById('tip').innerText"), Not(HasSubstr("failed")));
}

TEST(PageTimeline, FailedTasksAreSeenAmongManyToo) {
  OpenPage page({}, [](KnownFindings& findings) {
    findings.result.models[1].trace = trace_of(100'000, 5);
    let_one_fail(findings);
  });
  EXPECT_EQ(page.browser.text(OpenPage::canvas_of(1) + ".dataset.mode"), "density");
  EXPECT_EQ(page.mark(1, "crosses"), 1);
}

TEST(PageTimeline, WheelZoomsAroundThePointer) {
  OpenPage page;
  const auto point = page.point_of(0, 0.25, 0.5);
  page.browser.turn_wheel(point.x, point.y, -100);
  page.browser.evaluate("new Promise((done) => setTimeout(done, 0))");
  EXPECT_LT(page.length_in_sight(0), 3'000'000);
  EXPECT_NEAR(page.mark(0, "from") + page.length_in_sight(0) * 0.25, 1'000'000, 10'000);
}

TEST(PageTimeline, DragMovesWhatIsInSight) {
  OpenPage page;
  const auto middle = page.point_of(0, 0.5, 0.5);
  page.browser.evaluate(OpenPage::canvas_of(0) + ".focus()");
  page.browser.press("+");
  const double before = page.mark(0, "from");
  const auto left = page.point_of(0, 0.25, 0.5);
  page.browser.drag(middle.x, middle.y, left.x, left.y);
  EXPECT_NEAR(page.mark(0, "from") - before, page.length_in_sight(0) / 4, 20'000);
}

TEST(PageTimeline, KeysZoomMoveAndGoFromTaskToTask) {
  OpenPage page;
  page.browser.evaluate(OpenPage::canvas_of(1) + ".focus()");
  page.browser.press("+");
  EXPECT_EQ(page.length_in_sight(1), 400'000);
  page.browser.press("ArrowRight");
  EXPECT_EQ(page.mark(1, "from"), 300'000);
  page.browser.press("Home");
  EXPECT_EQ(page.length_in_sight(1), 800'000);
  page.browser.press("n");
  page.browser.press("n");
  EXPECT_THAT(page.browser.text("document.querySelectorAll('.said')[1].textContent"),
              HasSubstr("http://origin/page2: pool 1, began at 0 s, took 100 ms"));
}

TEST(PageTimeline, ButtonsZoomToo) {
  OpenPage page;
  page.browser.evaluate("document.querySelectorAll('.timeline')[0].querySelector('[aria-label=\"Zoom in\"]').click()");
  EXPECT_EQ(page.length_in_sight(0), 2'000'000);
  page.browser.evaluate("document.querySelectorAll('.timeline')[0].querySelector('[aria-label=\"Show all\"]').click()");
  EXPECT_EQ(page.length_in_sight(0), 4'000'000);
}

TEST(PageTimeline, HundredThousandTasksAreSummedUpAndSeenOneByOneWhenZoomed) {
  OpenPage page({}, [](KnownFindings& findings) { findings.result.models[1].trace = trace_of(100'000, 5); });
  EXPECT_EQ(page.browser.text(OpenPage::canvas_of(1) + ".dataset.mode"), "density");
  EXPECT_EQ(page.mark(1, "seen"), 100'000);
  EXPECT_GT(page.mark(1, "marks"), 0);
  EXPECT_LT(page.mark(1, "marks"), 20'000);
  page.browser.evaluate("overlapPage.timelines[1].show(1e9, 1.001e9)");
  EXPECT_EQ(page.browser.text(OpenPage::canvas_of(1) + ".dataset.mode"), "tasks");
  EXPECT_NEAR(page.mark(1, "seen"), 50, 10);
  EXPECT_THAT(page.browser.complaints(), IsEmpty());
}

TEST(PageTimeline, TasksOfTheLoopAreLaidBesideEachOther) {
  OpenPage page({}, [](KnownFindings& findings) {
    findings.result.models[1].model = cli::Model::loop;
    for (RunTrace::Span& span : findings.result.models[1].trace->spans) span.lane = 1;
  });
  EXPECT_EQ(page.browser.number("overlapPage.timelines[1].lines.lanes.length"), 5);
  EXPECT_EQ(page.mark(1, "seen"), 40);
}

TEST(Page, ColoursFollowTheSystemAndTheButton) {
  OpenPage page({.is_dark = true});
  const std::string paper = "getComputedStyle(document.body).backgroundColor";
  EXPECT_EQ(page.browser.text(paper), "rgb(20, 24, 29)");
  page.browser.evaluate("document.getElementById('theme').click()");
  EXPECT_EQ(page.browser.text(paper), "rgb(255, 255, 255)");
  EXPECT_EQ(page.browser.text("document.getElementById('theme').getAttribute('aria-pressed')"), "false");
  page.browser.evaluate("document.getElementById('theme').click()");
  EXPECT_EQ(page.browser.text(paper), "rgb(20, 24, 29)");
}

TEST(Page, WorksWhereStorageIsBlocked) {
  OpenPage page({.blocks_storage = true});
  EXPECT_EQ(page.browser.evaluate("(() => { try { return localStorage.length < 0; } catch { return true; } })()"),
            true);
  page.browser.evaluate("document.getElementById('theme').click()");
  EXPECT_EQ(page.browser.text("document.documentElement.dataset.theme"), "dark");
  EXPECT_EQ(page.mark(1, "seen"), 40);
  EXPECT_THAT(page.browser.complaints(), IsEmpty());
}

TEST(Page, FitsANarrowScreen) {
  OpenPage page({.width = 390, .height = 800});
  EXPECT_LE(page.browser.number("document.documentElement.scrollWidth"), 390);
  EXPECT_EQ(page.browser.number("[...document.querySelectorAll('button')]"
                                ".filter((node) => node.scrollWidth > node.clientWidth).length"),
            0);
  EXPECT_EQ(page.mark(1, "seen"), 40);
}

TEST(Page, PrintsWithoutButtonsOnWhite) {
  OpenPage page({.is_dark = true});
  page.browser.set_media("print");
  EXPECT_EQ(page.browser.text("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
  EXPECT_EQ(page.browser.text("getComputedStyle(document.getElementById('theme')).display"), "none");
}

/// Pixels that A4 paper has beside its margins.
constexpr int kPaperWidth = 702;

TEST(Page, PrintsTablesWithAllTheirColumns) {
  OpenPage page({.width = kPaperWidth, .height = 1000});
  page.browser.set_media("print");
  EXPECT_EQ(page.browser.number("[...document.querySelectorAll('.scroll')]"
                                ".filter((box) => box.scrollWidth > box.clientWidth"
                                " || getComputedStyle(box).overflowX !== 'visible').length"),
            0);
  EXPECT_LE(page.browser.number("document.querySelector('#figures table').getBoundingClientRect().right"), kPaperWidth);
}

TEST(Page, PrintsLightWhatTheButtonHasMadeDark) {
  OpenPage page;
  const auto connect = [&page] {  // the colour of the beginning of the first task, on the canvas
    return page.browser.text("(() => { const c = " + OpenPage::canvas_of(1) +
                             "; return [...c.getContext('2d').getImageData(0.00625 * c.width, 10, 1, 1).data]"
                             ".slice(0, 3).join(); })()");
  };
  const auto wait_for_theme = [&page](const std::string& theme) {
    page.browser.evaluate("new Promise((done) => { const look = () => document.documentElement.dataset.theme === '" +
                          theme + "' ? done() : setTimeout(look, 10); look(); })");
  };
  page.browser.evaluate("document.getElementById('theme').click()");
  EXPECT_EQ(connect(), "232,172,76");
  page.browser.set_media("print");
  wait_for_theme("light");
  EXPECT_EQ(connect(), "224,154,43");
  EXPECT_EQ(page.browser.text("getComputedStyle(document.body).color"), "rgb(0, 0, 0)");
  page.browser.set_media("screen");
  wait_for_theme("dark");
  EXPECT_EQ(connect(), "232,172,76");
}

TEST(Page, EverythingThatIsOperatedHasANameForScreenReaders) {
  OpenPage page;
  EXPECT_EQ(page.browser.number("[...document.querySelectorAll('button, canvas, svg, table')]"
                                ".filter((node) => !node.getAttribute('aria-label')).length"),
            0);
}

TEST(Page, NamesFromOutsideAreTextAndNothingElse) {
  const std::string evil = "http://x/</script><img src=http://127.0.0.1:1/x onerror=alert(1)><!--";
  OpenPage page({}, [&evil](KnownFindings& findings) {
    for (ModelRuns& model : findings.result.models) model.trace = trace_of(10, 1, evil);
    findings.result.complaints = {evil};
  });
  EXPECT_EQ(page.browser.text("document.getElementById('complaints').textContent"), evil);
  EXPECT_EQ(page.browser.text("overlapPage.timelines[0].name(0)"), evil + "1");
  EXPECT_EQ(page.browser.number("document.images.length"), 0);
  EXPECT_THAT(page.browser.requests(), IsEmpty());
  EXPECT_THAT(page.browser.complaints(), IsEmpty());
}

TEST(PageData, HoldsNoTag) {
  KnownFindings findings;
  findings.result.complaints = {"</script>"};
  EXPECT_THAT(findings.with([](const Findings& all) { return page_data(all); }), Not(HasSubstr("<")));
}

TEST(Page, ModelThatFailedIsNamed) {
  OpenPage page({}, [](KnownFindings& findings) {
    findings.result.models[1].runs.clear();
    findings.result.models[1].trace.reset();
    findings.result.models[1].failure = "its process was killed";
  });
  EXPECT_THAT(page.browser.text("document.getElementById('figures').innerText"), HasSubstr("failed"));
  EXPECT_THAT(page.browser.complaints(), IsEmpty());
}

}  // namespace
}  // namespace overlap::compare
