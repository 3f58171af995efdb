// A real browser, Chromium without a window, told what to do over pipes in the DevTools protocol.
#pragma once

#include <sys/types.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support/program.hpp"

namespace overlap::testing_support {

/// One page in a browser of its own, which ends with this object. Throws std::runtime_error when the browser does not
/// do what it is asked.
class Browser {
 public:
  struct Options {
    int width = 1280;
    int height = 900;
    bool is_dark = false;         ///< what the system prefers
    bool blocks_storage = false;  ///< for every page, as its users can choose
  };
  Browser();
  explicit Browser(const Options& options);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  /// Opens a file, and waits until it is loaded.
  void open(const std::string& file);

  /// The value of an expression of JavaScript, also one that is a promise. Throws what it throws.
  boost::json::value evaluate(const std::string& expression);
  double number(const std::string& expression) { return evaluate(expression).to_number<double>(); }
  std::string text(const std::string& expression) { return std::string(evaluate(expression).as_string()); }

  void move_mouse(double x, double y);
  void turn_wheel(double x, double y, double delta);
  void drag(double from_x, double from_y, double to_x, double to_y);
  void press(const std::string& key);
  void set_media(const std::string& type);   ///< "print", "screen"
  void screenshot(const std::string& file);  ///< of the whole page

  /// Errors and warnings on the console, and exceptions that nobody caught.
  const std::vector<std::string>& complaints();
  /// What the page has asked for besides itself.
  const std::vector<std::string>& requests();

 private:
  void start(const Options& options);
  boost::json::object call(const std::string& method, const boost::json::object& parameters = {});
  boost::json::object receive();
  void note(const boost::json::object& message);
  void mouse(std::string_view type, double x, double y, bool is_pressed, double wheel = 0);

  TemporaryDirectory profile_;
  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string received_;
  std::string session_;
  std::string url_;
  int last_id_ = 0;
  bool is_loaded_ = false;
  std::vector<std::string> complaints_;
  std::vector<std::string> requests_;
};

}  // namespace overlap::testing_support
