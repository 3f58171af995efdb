// The rules of Chrome's trace events, as its format description has them ("Trace Event Format" of the Chromium
// project), and those of Perfetto's importer where they are stricter (json_trace_parser, slice_tracker and
// process_tracker in its sources).
#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace overlap::testing_support {

/// What is wrong with a trace; empty: nothing. Knows the events that this project writes: M, X, b and e.
class ChromeTraceRules {
 public:
  static std::vector<std::string> broken_by(const boost::json::value& trace) {
    ChromeTraceRules rules;
    const auto* const events = trace.as_object().if_contains("traceEvents");
    if (events == nullptr || !events->is_array()) return {"there is no array traceEvents"};
    for (const auto& event : events->as_array()) rules.check(event.as_object());
    rules.check_nesting();
    rules.check_pairs();
    rules.check_numbers();
    return rules.wrong_;
  }

 private:
  using Object = boost::json::object;
  using Line = std::pair<std::int64_t, std::int64_t>;  // process and thread

  void check(const Object& event) {
    for (const char* const name : {"name", "ph", "pid", "tid"}) {
      if (!event.contains(name)) return complain(event, std::string("has no ") + name);
    }
    const std::string phase(event.at("ph").as_string());
    const Line line{event.at("pid").to_number<std::int64_t>(), event.at("tid").to_number<std::int64_t>()};
    if (phase == "M") {
      if (!event.contains("args")) complain(event, "names nothing");
      if (event.at("name") == "thread_name") lines_.insert(line);
      if (event.at("name") == "process_name") processes_.insert(line.first);
      return;
    }
    if (!event.contains("ts") || number(event, "ts") < 0) return complain(event, "has no time");
    if (!lines_.contains(line)) complain(event, "is on a line without a name");
    if (phase == "X") return check_complete(event, line);
    if (phase == "b" || phase == "e") return check_asynchronous(event, phase == "b");
    complain(event, "is of an unknown kind");
  }

  void check_complete(const Object& event, const Line& line) {
    if (!event.contains("dur") || number(event, "dur") < 0) return complain(event, "has no duration");
    complete_[line].emplace_back(number(event, "ts"), number(event, "dur"));
  }

  void check_asynchronous(const Object& event, bool is_begin) {
    if (!event.contains("id") || !event.contains("cat")) return complain(event, "cannot be found again");
    const std::string key = std::string(event.at("cat").as_string()) + ' ' + std::string(event.at("id").as_string());
    asynchronous_[key].emplace_back(number(event, "ts"), is_begin);
  }

  /// Those of one line lie within each other or beside each other, without any rounding error: neither when times are
  /// added as they are, as in most viewers, nor as whole nanoseconds, as in Perfetto. Of those that begin together the
  /// outer one comes first: Perfetto drops what reaches beyond one that it has seen before.
  void check_nesting() {
    for (auto& [line, spans] : complete_) {
      check_nesting(line, spans);
      for (auto& [from, length] : spans) {
        from = std::trunc(from * 1000);
        length = std::trunc(length * 1000);
      }
      check_nesting(line, spans);
    }
  }

  void check_nesting(const Line& line, std::vector<std::pair<double, double>> spans) {
    sort_by_time(spans);
    std::vector<double> ends;
    for (const auto& [from, length] : spans) {
      while (!ends.empty() && ends.back() <= from) ends.pop_back();
      if (!ends.empty() && from + length > ends.back()) {
        wrong_.push_back("complete events overlap on line " + std::to_string(line.first) + '/' +
                         std::to_string(line.second) + " at " + std::to_string(from));
      }
      ends.push_back(from + length);
    }
  }

  /// Every beginning has its end, and none lies across another of the same id, in the order of time.
  void check_pairs() {
    for (auto& [key, marks] : asynchronous_) {
      sort_by_time(marks);
      int open = 0;
      for (const auto& [at, is_begin] : marks) {
        open += is_begin ? 1 : -1;
        if (open < 0 || open > 1) break;
      }
      if (open != 0) wrong_.push_back("the events of '" + key + "' are no pairs");
    }
  }

  /// A number of a thread means one of them in the whole file; Perfetto takes that of a process for its main thread.
  void check_numbers() {
    for (const auto& [process, thread] : lines_) {
      if (!threads_.insert(thread).second) wrong_.push_back("two threads are number " + std::to_string(thread));
      if (processes_.contains(thread)) wrong_.push_back("thread and process are number " + std::to_string(thread));
    }
  }

  /// What is of one time stays in its order. Not by std::stable_sort: what that of GCC 12 uses is deprecated, clang
  /// says.
  template <class T>
  static void sort_by_time(std::vector<std::pair<double, T>>& all) {
    std::vector<std::pair<double, std::size_t>> order;
    for (const auto& one : all) order.emplace_back(one.first, order.size());
    std::ranges::sort(order);
    std::vector<std::pair<double, T>> sorted;
    for (const auto& [time, place] : order) sorted.push_back(all[place]);
    all = std::move(sorted);
  }

  static double number(const Object& event, const char* name) { return event.at(name).to_number<double>(); }

  void complain(const Object& event, const std::string& why) {
    wrong_.push_back(boost::json::serialize(event) + ' ' + why);
  }

  std::set<Line> lines_;
  std::set<std::int64_t> processes_;
  std::set<std::int64_t> threads_;
  std::map<Line, std::vector<std::pair<double, double>>> complete_;
  std::map<std::string, std::vector<std::pair<double, bool>>> asynchronous_;
  std::vector<std::string> wrong_;
};

}  // namespace overlap::testing_support
