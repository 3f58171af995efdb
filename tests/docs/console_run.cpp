#include "docs/console_run.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "support/program.hpp"

namespace overlap::docs {
namespace {

using testing_support::run_program;
using testing_support::TemporaryDirectory;

// Each step is a file that bash reads in its own shell, so that variables, directories and $? last. Its output goes to
// a file, where a server in the background can go on writing while later steps run.
constexpr const char* kPrelude = R"BASH(
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
overlap_port=8080
overlap_status=0
overlap_step() {  # NUMBER: makes ready what is to be read
  sed "s/8080/$overlap_port/g" "$overlap_steps/$1" >"$overlap_steps/$1.run"
  return $overlap_status
}
overlap_await_port() {  # NUMBER: of a server that was started in the background
  while kill -0 $! 2>/dev/null; do
    overlap_port=$(sed -n 's|^listening on http.*:\([0-9]*\)$|\1|p' "$overlap_steps/$1.out")
    if [[ $overlap_port ]]; then break; fi
    sleep 0.02
  done
}
)BASH";

bool is_server(const std::string& command) {
  return command.starts_with("overlap serve ") || command.find("/overlap serve ") != std::string::npos;
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

std::string script_of(const std::vector<RunStep>& steps, const TemporaryDirectory& directory) {
  std::string script = "overlap_steps='" + directory.path() + "'\n" + kPrelude;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string number = std::to_string(i);
    std::string command = steps[i].step->command;
    const bool starts_server = is_server(command) && command.ends_with("&");
    if (starts_server) replace_all(command, "--port 8080", "--port 0");
    directory.write(number, command + '\n');
    const std::string file = "\"$overlap_steps/" + number;
    script += "overlap_step " + number + "\n. " + file + ".run\" >" + file + ".out\" 2>&1 </dev/null\n";
    script += "overlap_status=$?\n";
    if (starts_server) script += "overlap_await_port " + number + '\n';
    script += "echo \"$overlap_status $overlap_port\" >" + file + ".end\"\n";
  }
  return script;
}

void lay_out(const Page& page, const PagePlaces& places, const std::string& work) {
  namespace fs = std::filesystem;
  fs::create_directories(work + "/build/run");
  fs::create_directory_symlink(places.program, work + "/build/run/bin");
  for (const Source& source : page.sources) {
    const std::string file = work + "/" + source.name;
    if (source.is_built) fs::create_symlink(places.programs + "/" + source.name, file);
    std::ofstream(source.is_built ? file + ".cpp" : file) << source.code;
  }
}

/// The thread sanitizer of GCC 12 needs addresses that are not too random; where this is not allowed it does without.
std::vector<std::string> shell() {
  if (run_program({"/usr/bin/setarch", "-R", "/bin/true"}).exit_code != 0) return {"/bin/bash"};
  return {"/usr/bin/setarch", "-R", "/bin/bash"};
}

}  // namespace

std::vector<RunStep> steps_to_run(const Page& page) {
  std::vector<RunStep> steps;
  for (const Block& block : page.blocks) {
    if (!block.why_not_run.empty()) continue;
    for (const Step& step : block.steps) steps.push_back({&block, &step});
  }
  return steps;
}

std::vector<StepOutcome> run_page(const Page& page, const PagePlaces& places) {
  const std::vector<RunStep> steps = steps_to_run(page);
  const TemporaryDirectory work;
  const TemporaryDirectory files;
  lay_out(page, places, work.path());
  files.write("script", script_of(steps, files));
  std::vector<std::string> command = shell();
  command.push_back(files.file("script"));
  const auto ended = run_program(
      command, {.text = {},
                .environment = {"PATH=" + places.program + ":/usr/bin:/bin", "XDG_CONFIG_HOME=" + files.file("config"),
                                "no_proxy=127.0.0.1,localhost", "TERM=dumb"},
                .directory = work.path()});
  if (!ended.err.empty()) throw std::runtime_error("the shell says: " + ended.err);
  std::vector<StepOutcome> outcomes;
  for (std::size_t i = 0; i < steps.size() && files.has(std::to_string(i) + ".end"); ++i) {
    StepOutcome outcome{.output = files.read(std::to_string(i) + ".out"), .exit_code = 0};
    std::string port;
    std::ifstream(files.file(std::to_string(i) + ".end")) >> outcome.exit_code >> port;
    replace_all(outcome.output, ":" + port, ":8080");
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace overlap::docs
