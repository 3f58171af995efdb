#pragma once

#include <deque>
#include <string>

#include <overlap/core/time.hpp>

#include "get/file_descriptor.hpp"

namespace overlap::get {

/// Addresses that have answered in this run, to be connected to when nothing else answers any more: whether one still
/// can be reached tells a dead network from dead hosts. Nothing is sent. Never blocks.
class Beacon {
 public:
  /// "192.0.2.1:80", "[2001:db8::1]:443", as http::Response has it. Keeps the last few different ones.
  void remember(const std::string& address);
  bool is_known() const { return !addresses_.empty(); }

  /// Begins to connect to one of them, each time the next; an earlier attempt is given up. False if it fails at once.
  bool light();
  /// To be polled for POLLOUT while an attempt is under way; else -1.
  int descriptor() const { return socket_.is_open() ? socket_.get() : -1; }
  /// Whether the attempt has succeeded, asked when the descriptor is ready; ends the attempt.
  bool is_seen();
  void put_out() { socket_ = FileDescriptor(); }

 private:
  std::deque<std::string> addresses_;
  FileDescriptor socket_;
};

}  // namespace overlap::get
