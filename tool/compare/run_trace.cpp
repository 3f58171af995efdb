#include "compare/run_trace.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ostream>
#include <stdexcept>

#include "cli/input_file.hpp"

namespace overlap::compare {
namespace {

namespace json = boost::json;

constexpr std::size_t kSpanFields = 7;

json::array array_of(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

std::vector<std::string> texts_of(const json::value& value) {
  std::vector<std::string> texts;
  for (const json::value& text : value.as_array()) texts.emplace_back(text.as_string());
  return texts;
}

template <class Enum>
Enum read_enum(const json::value& value, Enum last) {
  const auto number = value.to_number<std::uint8_t>();
  if (number > static_cast<std::uint8_t>(last)) throw std::out_of_range("a span is of no known kind");
  return static_cast<Enum>(number);
}

std::uint32_t read_index(const json::value& value, std::size_t size) {
  const auto index = value.to_number<std::uint32_t>();
  if (index >= size) throw std::out_of_range("a span names what is not there");
  return index;
}

RunTrace::Span read_span(const json::array& fields, const RunTrace& trace) {
  if (fields.size() != kSpanFields) throw std::invalid_argument("a span has not seven fields");
  RunTrace::Span span;
  span.kind = read_enum(fields[0], TraceSpan::Kind::scope);
  span.end = read_enum(fields[1], TraceSpan::End::cancelled);
  span.lane = read_index(fields[2], trace.lanes.size());
  span.task = fields[3].to_number<std::uint64_t>();
  span.from_ns = fields[4].to_number<std::int64_t>();
  span.to_ns = fields[5].to_number<std::int64_t>();
  span.name = read_index(fields[6], trace.names.size());
  return span;
}

}  // namespace

void write_run_trace(std::ostream& out, const RunTrace& trace) {
  out << "{\"lanes\":" << array_of(trace.lanes) << ",\"names\":" << array_of(trace.names)
      << ",\"dropped\":" << trace.dropped << ",\"spans\":[";
  std::string text;
  for (std::size_t i = 0; i < trace.spans.size(); ++i) {
    const RunTrace::Span& span = trace.spans[i];
    text.clear();
    fmt::format_to(std::back_inserter(text), "{}[{},{},{},{},{},{},{}]", i == 0 ? "" : ",", static_cast<int>(span.kind),
                   static_cast<int>(span.end), span.lane, span.task, span.from_ns, span.to_ns, span.name);
    out << text;
  }
  out << "]}\n";
}

std::expected<RunTrace, std::string> parse_run_trace(std::string_view text) {
  try {
    const json::value value = json::parse(text);
    RunTrace trace;
    trace.lanes = texts_of(value.at("lanes"));
    trace.names = texts_of(value.at("names"));
    trace.dropped = value.at("dropped").to_number<std::size_t>();
    const json::array& spans = value.at("spans").as_array();
    trace.spans.reserve(spans.size());
    for (const json::value& span : spans) trace.spans.push_back(read_span(span.as_array(), trace));
    return trace;
  } catch (const std::exception& error) {
    return std::unexpected(fmt::format("the trace of a run cannot be read: {}", error.what()));
  }
}

std::expected<RunTrace, std::string> read_run_trace(const std::string& file) {
  const auto text = cli::read_file(file);
  if (!text) return std::unexpected(text.error().message);
  return parse_run_trace(*text);
}

}  // namespace overlap::compare
