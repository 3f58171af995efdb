#include "manifest/rows.hpp"

namespace overlap::manifest {

std::string_view to_string(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::bad_input:
      return "bad_input";
    case State::failed:
      break;
  }
  return "failed";
}

State state_of(std::string_view text) {
  if (text == "ok") return State::ok;
  return text == "bad_input" ? State::bad_input : State::failed;
}

}  // namespace overlap::manifest
