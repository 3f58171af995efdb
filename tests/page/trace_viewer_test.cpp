// Traces in the viewer that chrome://tracing shows. Debian's Chromium comes without it, Debian's sources of Go have it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "e2e/origin.hpp"
#include "support/browser.hpp"
#include "support/program.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using testing_support::Browser;
using testing_support::Origin;
using testing_support::program;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

constexpr const char* kPage = R"(<!DOCTYPE html>
<html><head><meta charset="utf-8">
<script src="webcomponents.min.js"></script>
<link rel="import" href="trace_viewer_full.html">
<style>html, body { height: 100%; margin: 0; overflow: hidden } #trace-viewer { width: 100%; height: 100% }</style>
<script>
const load = (file) => new Promise((done, failed) => {
  const request = new XMLHttpRequest();
  request.open('GET', file);
  request.onload = () => done(request.responseText);
  request.onerror = () => failed(new Error(file));
  request.send();
});
const show = async () => {
  await new Promise((ready) => document.addEventListener('WebComponentsReady', ready));
  const container = document.createElement('track-view-container');
  container.id = 'track_view_container';
  const viewer = document.createElement('tr-ui-timeline-view');
  viewer.track_view_container = container;
  Polymer.dom(viewer).appendChild(container);
  viewer.id = 'trace-viewer';
  viewer.globalMode = true;
  Polymer.dom(document.body).appendChild(viewer);
  const model = new tr.Model();
  await new tr.importer.Import(model, new tr.importer.ImportOptions())
      .importTracesWithProgressDialog([await load('trace.json')]);
  viewer.model = model;
  window.model = model;
  return 'shown';
};
window.shown = show();
</script></head><body></body></html>
)";

/// Where Debian puts the viewer's files.
std::filesystem::path viewer_files() {
  for (const auto& entry : std::filesystem::directory_iterator("/usr/share")) {
    const auto files = entry.path() / "src/cmd/trace/static";
    if (std::filesystem::exists(files / "trace_viewer_full.html")) return files;
  }
  throw std::runtime_error("no trace_viewer_full.html; is the package golang-1.19-src installed?");
}

/// The viewer, with a trace that the program has written. Afterwards `model` is what it has understood.
class Viewer {
 public:
  explicit Viewer(std::vector<std::string> command) {
    command.insert(command.begin(), program());
    command.insert(command.end(), {"--trace", directory_.file("trace.json")});
    const ProgramResult result = run_program(command);
    if (result.exit_code != 0) throw std::runtime_error(result.err);
    for (const char* const file : {"trace_viewer_full.html", "webcomponents.min.js"}) {
      std::filesystem::copy_file(viewer_files() / file, directory_.file(file));
    }
    directory_.write("page.html", kPage);
    browser_.open(directory_.file("page.html"));
    browser_.evaluate("window.shown");
  }

  std::string warnings() { return browser_.text("JSON.stringify(model.importWarnings)"); }

  /// The names of a process's lines, in the order in which they are shown.
  std::string lines(const std::string& process) {
    return browser_.text(lines_of(process) + ".sort((a, b) => a.compareTo(b)).map(line => line.name).join()");
  }

  /// How many tasks ran on a process's lines, and how many of them within or across another of their line.
  std::vector<double> tasks(const std::string& process) {
    const auto count = [&](const std::string& slices, const std::string& what) {
      return browser_.number(lines_of(process) + ".flatMap(line => [...line.sliceGroup." + slices + "]" +
                             ".filter(slice => slice.category === 'running')" + what + ").length");
    };
    const double all = count("slices", "");
    return {all, all - count("topLevelSlices", ""),  // times are in milliseconds
            count("topLevelSlices", ".filter((slice, i, all) => i > 0 && slice.start < all[i - 1].end - 1e-6)")};
  }

 private:
  static std::string lines_of(const std::string& process) {
    return "model.getAllThreads().filter(line => line.parent.name.startsWith('" + process + "'))";
  }

  const TemporaryDirectory directory_;
  Browser browser_;
};

TEST(TraceViewer, HasEveryTaskOfEveryModelAfterTheOthersOfItsWorker) {
  Viewer viewer({"compare", "--latency", "2ms", "--repeat", "1", "--warmup", "0"});
  EXPECT_EQ(viewer.warnings(), "[]");
  for (const char* const model : {"inline", "threads", "loop", "processes"}) {
    EXPECT_THAT(viewer.tasks(model), ElementsAre(160, 0, 0)) << model;
  }
  EXPECT_EQ(viewer.lines("threads"), "main thread,pool 0,pool 1,pool 2,pool 3,pool 4");
}

TEST(TraceViewer, HasTheRequestsOfARun) {
  const Origin origin;
  std::vector<std::string> command{"get", "-q", "--to", "null", "--model", "threads", "-j", "4"};
  for (int i = 0; i < 40; ++i) command.push_back(origin.url("/bytes/10?" + std::to_string(i)));
  Viewer viewer(command);
  EXPECT_EQ(viewer.warnings(), "[]");
  EXPECT_THAT(viewer.tasks("overlap get"), ElementsAre(40, 0, 0));
}

}  // namespace
}  // namespace overlap
