#include "compare/run_protocol.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <exception>
#include <stdexcept>
#include <type_traits>

namespace overlap::compare {
namespace {

namespace json = boost::json;

// One list of fields a struct serves both directions, so that they cannot drift apart.

template <class Fields, class Part>
  requires std::is_same_v<std::remove_const_t<Part>, RunPart>
void visit(Fields& fields, Part& part) {
  fields("name", part.name);
  fields("seconds", part.seconds);
  fields("order", part.order);
  fields("expected", part.expected);
  fields("got", part.got);
}

template <class Fields, class Spec>
  requires std::is_same_v<std::remove_const_t<Spec>, RunSpec>
void visit(Fields& fields, Spec& spec) {
  fields("workload", spec.workload);
  fields("model", spec.model);
  fields("workers", spec.workers);
  fields("max_concurrent", spec.max_concurrent);
  fields("sites", spec.sites);
  fields("seed", spec.seed);
  fields("latency_ns", spec.latency);
  fields("sleep_unit_ns", spec.sleep_unit);
  fields("list_file", spec.list_file);
  fields("directory", spec.directory);
  fields("trace_file", spec.trace_file);
  fields("prepare", spec.prepare);
}

template <class Fields, class Result>
  requires std::is_same_v<std::remove_const_t<Result>, RunResult>
void visit(Fields& fields, Result& result) {
  fields("items", result.items);
  fields("failed", result.failed);
  fields("failed_at", result.failed_at);
  fields("refused", result.refused);
  fields("bytes", result.bytes);
  fields("seconds", result.seconds);
  fields("cpu_seconds", result.cpu_seconds);
  fields("machine_busy", result.machine_busy);
  fields("stalled_seconds", result.stalled_seconds);
  fields("start_seconds", result.start_seconds);
  fields("workers_ready", result.workers_ready);
  fields("processes", result.processes);
  fields("resident_bytes", result.resident_bytes);
  fields("peak_memory", result.peak_memory);
  fields("waited_seconds", result.waited_seconds);
  fields("longest_seconds", result.longest_seconds);
  fields("digest", result.digest);
  fields("expected_digest", result.expected_digest);
  fields("problems", result.problems);
  fields("parts", result.parts);
}

template <class T>
concept Visited = std::is_same_v<T, RunPart> || std::is_same_v<T, RunSpec> || std::is_same_v<T, RunResult>;

template <class T>
json::value write(const T& value);

class Writer {
 public:
  template <class T>
  void operator()(std::string_view name, const T& value) {
    object_[name] = write(value);
  }
  json::object take() { return std::move(object_); }

 private:
  json::object object_;
};

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
json::value write(const T& value) {
  if constexpr (Visited<T>) {
    Writer writer;
    visit(writer, value);
    return writer.take();
  } else if constexpr (IsVector<T>::value) {
    json::array array;
    for (const auto& element : value) array.push_back(write(element));
    return array;
  } else if constexpr (std::is_same_v<T, Duration>) {
    return value.count();
  } else if constexpr (std::is_same_v<T, cli::Model>) {
    return json::value(cli::to_string(value));
  } else {
    return json::value(value);
  }
}

template <class T>
void read(const json::value& from, T& value);

class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  template <class T>
  void operator()(std::string_view name, T& value) {
    const json::value* const found = object_.if_contains(name);
    if (found == nullptr) throw std::runtime_error(fmt::format("'{}' is missing", name));
    try {
      read(*found, value);
    } catch (const std::exception& error) {
      throw std::runtime_error(fmt::format("'{}': {}", name, error.what()));
    }
  }

 private:
  const json::object& object_;
};

template <class T>
void read(const json::value& from, T& value) {
  if constexpr (Visited<T>) {
    Reader reader(from.as_object());
    visit(reader, value);
  } else if constexpr (IsVector<T>::value) {
    for (const json::value& element : from.as_array()) read(element, value.emplace_back());
  } else if constexpr (std::is_same_v<T, Duration>) {
    value = Duration(from.to_number<std::int64_t>());
  } else if constexpr (std::is_same_v<T, cli::Model>) {
    const auto model = cli::parse_model(from.as_string());
    if (!model) throw std::runtime_error(model.error());
    value = *model;
  } else if constexpr (std::is_same_v<T, bool>) {
    value = from.as_bool();
  } else if constexpr (std::is_arithmetic_v<T>) {
    value = from.to_number<T>();
  } else {
    value = std::string(from.as_string());
  }
}

template <class T>
std::expected<T, std::string> parse(std::string_view text) {
  try {
    T value;
    read(json::parse(text), value);
    return value;
  } catch (const std::exception& error) {
    return std::unexpected(fmt::format("cannot be read: {}", error.what()));
  }
}

}  // namespace

std::string to_json(const RunSpec& spec) { return json::serialize(write(spec)); }
std::string to_json(const RunResult& result) { return json::serialize(write(result)); }

std::expected<RunSpec, std::string> parse_run_spec(std::string_view text) { return parse<RunSpec>(text); }
std::expected<RunResult, std::string> parse_run_result(std::string_view text) { return parse<RunResult>(text); }

}  // namespace overlap::compare
