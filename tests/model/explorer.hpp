#pragma once
/// Checks the model of a concurrent protocol by going through every interleaving of its threads.
///
/// A model is a plain struct of what the threads share, with a few registers for each of them, and a program for each:
/// a list of instructions. An instruction is one step that nobody can come between, such as one atomic operation or
/// the inside of one locked section. Steps follow each other in one order that all threads see: a model shows what goes
/// wrong with the order of steps, not what a processor or compiler may do to steps that it is allowed to reorder.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace overlap::model {

/// The place in its program of a thread that has ended. A program also ends by running off its last instruction.
inline constexpr int kEnd = -1;

/// A state is compared and hashed as bytes. Its `threads` hold each thread's registers, among them `at`, the index of
/// the instruction that comes next.
template <class State>
concept Explorable = std::has_unique_object_representations_v<State> && std::equality_comparable<State> &&
                     requires(State state, typename State::Thread thread) {
                       { state.threads[0] } -> std::same_as<typename State::Thread&>;
                       { thread.at } -> std::same_as<int&>;
                     };

/// One thing that an instruction may do.
template <Explorable State>
struct Choice {
  using Thread = typename State::Thread;

  std::string_view what;                      ///< for traces: "loads the word"
  std::function<void(State&, Thread&)> does;  ///< finds `at` at the next instruction already, and may set it elsewhere
  std::function<bool(const State&, const Thread&)> when = nullptr;  ///< absent: always; otherwise the thread waits
  bool is_certain = true;  ///< false: it may happen, but nobody can count on it, such as a wake-up for no reason
};

template <Explorable State>
using Instruction = std::vector<Choice<State>>;

/// One instruction that always does the same.
template <Explorable State>
Instruction<State> step(std::string_view what,
                        std::type_identity_t<std::function<void(State&, typename State::Thread&)>> does) {
  return {Choice<State>{.what = what, .does = std::move(does)}};
}

template <Explorable State>
using Instructions = std::vector<Instruction<State>>;

/// One after the other.
template <Explorable State>
Instructions<State> operator+(Instructions<State> first, const Instructions<State>& then) {
  first.insert(first.end(), then.begin(), then.end());
  return first;
}

template <Explorable State>
struct Program {
  std::string name;
  Instructions<State> instructions;
};

template <Explorable State>
struct Model {
  using Check = std::function<std::string_view(const State&)>;

  State start{};
  std::vector<Program<State>> programs;  ///< that of each thread
  Check wrong = nullptr;                 ///< what is wrong with a state, any; empty when nothing is
  Check wrong_at_end = nullptr;          ///< what is wrong with a state in which every thread has ended
};

struct Violation {
  std::string what;
  std::vector<std::string> trace;  ///< a shortest way there, a line a step
};

template <Explorable State>
struct Exploration {
  std::size_t states = 0;
  std::size_t steps = 0;
  std::vector<State> ends;  ///< the states in which every thread has ended
  std::optional<Violation> violation;
};

/// Breadth first, so that the way to the first violation is a shortest one.
template <Explorable State>
class Explorer {
 public:
  explicit Explorer(const Model<State>& model) : model_(model) {}

  Exploration<State> explore() {
    reach(model_.start, Step{});
    for (Index from = 0; from < reached_.size() && !result_.violation; ++from) expand(from);
    if (!result_.violation) check_that_all_can_end();
    result_.states = reached_.size();
    return std::move(result_);
  }

 private:
  using Index = std::uint32_t;
  using Thread = typename State::Thread;

  struct Step {
    Index from = 0;
    std::size_t thread = 0;
    std::string_view what;
  };
  struct Reached {
    State state;
    Step by;  // the first step that led here
  };
  struct HashOfBytes {
    std::size_t operator()(const State& state) const noexcept {
      return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&state), sizeof state});
    }
  };

  bool has_ended(const State& state) const {
    return std::ranges::all_of(std::span(state.threads).first(model_.programs.size()),
                               [](const Thread& thread) { return thread.at == kEnd; });
  }

  Index reach(const State& state, Step by) {
    const auto [found, is_new] = index_.try_emplace(state, static_cast<Index>(reached_.size()));
    if (is_new) {
      reached_.push_back({state, by});
      if (model_.wrong) report(found->second, model_.wrong(state));
    }
    return found->second;
  }

  void expand(Index from) {
    const State state = reached_[from].state;  // a copy: reached_ grows
    if (has_ended(state)) {
      result_.ends.push_back(state);
      if (model_.wrong_at_end) report(from, model_.wrong_at_end(state));
      return;
    }
    bool goes_on = false;
    for (std::size_t i = 0; i < model_.programs.size(); ++i) {
      const int at = state.threads[i].at;
      if (at == kEnd) continue;
      for (const Choice<State>& choice : model_.programs[i].instructions[static_cast<std::size_t>(at)]) {
        if (choice.when && !choice.when(state, state.threads[i])) continue;
        goes_on = goes_on || choice.is_certain;
        take(choice, from, state, i);
      }
    }
    if (!goes_on) report(from, "for ever at a standstill: " + names_of_those_left(state));
  }

  void take(const Choice<State>& choice, Index from, const State& state, std::size_t i) {
    State next = state;
    Thread& thread = next.threads[i];
    ++thread.at;
    choice.does(next, thread);
    if (thread.at == static_cast<int>(model_.programs[i].instructions.size())) thread.at = kEnd;
    const Index to = reach(next, {.from = from, .thread = i, .what = choice.what});
    if (choice.is_certain) certain_steps_.push_back({to, from});
    ++result_.steps;
  }

  /// From every state some way leads to the end that needs no luck: nobody runs in circles for ever.
  void check_that_all_can_end() {
    std::ranges::sort(certain_steps_);  // by where they lead to
    std::vector<bool> can_end(reached_.size(), false);
    std::vector<Index> todo;
    const auto mark = [&](Index index) {
      if (!can_end[index]) todo.push_back(index);
      can_end[index] = true;
    };
    for (const State& end : result_.ends) mark(index_.at(end));
    while (!todo.empty()) {
      const Index to = todo.back();
      todo.pop_back();
      for (const auto& [_, from] : std::ranges::equal_range(certain_steps_, to, {}, &std::pair<Index, Index>::first)) {
        mark(from);
      }
    }
    const auto lost = std::ranges::find(can_end, false);
    if (lost == can_end.end()) return;
    const auto index = static_cast<Index>(lost - can_end.begin());
    report(index, "in circles for ever: " + names_of_those_left(reached_[index].state));
  }

  std::string names_of_those_left(const State& state) const {
    std::string names;
    for (std::size_t i = 0; i < model_.programs.size(); ++i) {
      if (state.threads[i].at != kEnd) names += (names.empty() ? "" : ", ") + model_.programs[i].name;
    }
    return names;
  }

  void report(Index index, std::string_view what) {
    if (what.empty() || result_.violation) return;
    result_.violation = Violation{.what = std::string(what), .trace = {}};
    for (Index at = index; at != 0; at = reached_[at].by.from) {
      const Step& by = reached_[at].by;
      result_.violation->trace.push_back(model_.programs[by.thread].name + " " + std::string(by.what));
    }
    std::ranges::reverse(result_.violation->trace);
  }

  const Model<State>& model_;
  std::vector<Reached> reached_;
  std::unordered_map<State, Index, HashOfBytes> index_;
  std::vector<std::pair<Index, Index>> certain_steps_;  // to, from
  Exploration<State> result_;
};

template <Explorable State>
Exploration<State> explore(const Model<State>& model) {
  return Explorer<State>(model).explore();
}

/// The violation and the way to it, for a person; empty when there is none.
inline std::string describe(const std::optional<Violation>& violation) {
  if (!violation) return {};
  std::string text = violation->what;
  for (const std::string& line : violation->trace) text += "\n  " + line;
  return text;
}

}  // namespace overlap::model
