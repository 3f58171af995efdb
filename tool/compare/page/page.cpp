#include "compare/page/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cctype>
#include <ostream>
#include <string_view>

#include "compare/notes.hpp"
#include "compare/page/parts.hpp"
#include "compare/reading.hpp"
#include "compare/timeline.hpp"

namespace overlap::compare {
namespace {

namespace json = boost::json;

/// The names that page.css has for the colours of phases, in the order of Phase.
constexpr std::array<const char*, kPhases> kColours{"turn",      "name-lookup", "connect",   "tls",    "first-byte",
                                                    "receiving", "sleeping",    "computing", "writing"};

/// The page's phases: what comes before a task begins, those of Phase, and what none of them covers.
json::array phases_json() {
  json::array phases{json::object{{"name", "queued"}, {"colour", "queued"}}};
  for (std::size_t i = 0; i < kPhases; ++i) {
    phases.push_back(json::object{{"name", to_string(static_cast<Phase>(i))}, {"colour", kColours[i]}});
  }
  phases.push_back(json::object{{"name", "other"}, {"colour", "other"}});
  return phases;
}

std::int64_t micros(std::int64_t ns) { return (ns + 500) / 1000; }

/// [name, lane, queued, from, to, phase, from, to, ...] in microseconds.
json::array task_json(const Timeline::Task& task) {
  json::array fields{task.name, task.lane, micros(task.queued_ns), micros(task.from_ns), micros(task.to_ns)};
  for (const Timeline::Piece& piece : task.phases) {
    if (micros(piece.to_ns) <= micros(piece.from_ns)) continue;
    fields.emplace_back(static_cast<int>(piece.phase) + 1);
    fields.emplace_back(micros(piece.from_ns));
    fields.emplace_back(micros(piece.to_ns));
  }
  return fields;
}

json::array texts_json(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

json::object timeline_json(const ModelRuns& model) {
  const Timeline timeline = make_timeline(*model.trace, model.model == cli::Model::loop);
  json::array tasks;
  json::array failed;
  std::int64_t length = 0;
  for (std::size_t i = 0; i < timeline.tasks.size(); ++i) {
    const Timeline::Task& task = timeline.tasks[i];
    length = std::max(length, micros(task.to_ns));
    tasks.push_back(task_json(task));
    if (task.end == TraceSpan::End::failed) failed.emplace_back(i);
  }
  return {{"lanes", texts_json(timeline.lanes)},
          {"names", texts_json(model.trace->names)},
          {"tasks", std::move(tasks)},
          {"failed", std::move(failed)},
          {"length", length},
          {"dropped", model.trace->dropped}};
}

json::value or_null(std::optional<double> value) { return value ? json::value(*value) : json::value(nullptr); }

json::object model_json(const ModelRuns& runs, const ModelSummary& summary) {
  json::array seconds;
  for (const MeasuredRun& run : runs.runs) {
    if (run.round >= 1) seconds.emplace_back(run.result.seconds);
  }
  json::object object{{"model", cli::to_string(runs.model)},
                      {"workers", summary.workers},
                      {"runs", summary.runs},
                      {"failed", summary.failed_items},
                      {"seconds", std::move(seconds)},
                      {"median", summary.seconds.median},
                      {"min", summary.seconds.min},
                      {"max", summary.seconds.max},
                      {"speedup", or_null(summary.speedup)},
                      {"ideal", or_null(summary.ideal_seconds)},
                      {"efficiency", or_null(summary.efficiency)},
                      {"rate", summary.items_per_second},
                      {"cpu", summary.cpu_seconds},
                      {"cpu_item", summary.cpu_us_per_item * 1e-6},
                      {"peak", summary.peak_memory},
                      {"traced_round", runs.traced_round}};
  if (runs.trace) object["timeline"] = timeline_json(runs);
  return object;
}

/// As sentences of their own.
std::vector<std::string> sentences_of(std::vector<std::string> notes) {
  for (std::string& note : notes) {
    note[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(note[0])));
    note += '.';
  }
  return notes;
}

std::string footer_of(const Findings& findings) {
  return fmt::format(
      "overlap {}, {} ({} CPU{}, load {:.1f} at the beginning). Every run was a process of its own, and the "
      "models took turns. All of this page is in one file.",
      OVERLAP_VERSION, findings.machine.model, findings.machine.cpus, findings.machine.cpus == 1 ? "" : "s",
      findings.machine.load);
}

/// In a script element the text ends at "</script", and "<!--" changes how it is read. In JSON a "<" stands in strings
/// only, where it may be written as a number.
std::string without_tags(const std::string& text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string page_data(const Findings& findings) {
  json::array models;
  for (std::size_t i = 0; i < findings.summaries.size(); ++i) {
    models.push_back(model_json(findings.result.models[i], findings.summaries[i]));
  }
  const json::object object{{"title", subject_of(findings.options)},
                            {"subtitle", conditions_of(findings)},
                            {"reading", texts_json(reading_of(findings))},
                            {"notes", texts_json(sentences_of(notes_of(findings)))},
                            {"complaints", texts_json(findings.result.complaints)},
                            {"footer", footer_of(findings)},
                            {"phases", phases_json()},
                            {"models", std::move(models)}};
  return without_tags(json::serialize(object));
}

void write_page(std::ostream& out, const Findings& findings) {
  constexpr std::string_view kMark = "{{data}}";
  const std::size_t place = kPageTemplate.find(kMark);
  out << kPageTemplate.substr(0, place) << page_data(findings) << kPageTemplate.substr(place + kMark.size());
}

}  // namespace overlap::compare
