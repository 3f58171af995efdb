#include "support/browser.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace overlap::testing_support {
namespace {

namespace json = boost::json;

constexpr int kTimeoutMs = 60'000;  // for one answer: the machine may be busy

// Where the browser reads and writes the protocol.
constexpr int kReads = 3;
constexpr int kWrites = 4;

std::vector<std::string> arguments_for(const std::string& profile) {
  return {"chromium",
          "--headless=new",
          "--remote-debugging-pipe",
          "--user-data-dir=" + profile,
          "--no-sandbox",  // as root, in containers: it opens nothing but the pages of the tests
          "--disable-gpu",
          "--disable-dev-shm-usage",
          "--disable-extensions",
          "--allow-file-access-from-files",  // a page may load what lies beside it
          "--disable-sync",
          "--disable-background-networking",
          "--disable-component-update",
          "--no-first-run",
          "--force-device-scale-factor=1",
          "about:blank"};
}

[[noreturn]] void become_browser(const std::vector<std::string>& arguments, int reads, int writes) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Above the two numbers first, or the one could be put in place of the other.
  const int high_reads = fcntl(reads, F_DUPFD, 10);
  const int high_writes = fcntl(writes, F_DUPFD, 10);
  dup2(high_reads, kReads);
  dup2(high_writes, kWrites);
  const int nowhere = open("/dev/null", O_RDWR);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  close(high_reads);
  close(high_writes);
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  _exit(127);
}

std::string decode_base64(std::string_view text) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = kLetters.find(c);
    if (value == std::string_view::npos) break;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFFU);
  }
  return bytes;
}

}  // namespace

Browser::Browser() : Browser(Options{}) {}

Browser::Browser(const Options& options) {
  start(options);
  const auto target = call("Target.createTarget", {{"url", "about:blank"}});
  const auto attached = call("Target.attachToTarget", {{"targetId", target.at("targetId")}, {"flatten", true}});
  session_ = attached.at("sessionId").as_string();
  for (const char* const domain : {"Page", "Runtime", "Log", "Network"}) call(std::string(domain) + ".enable");
  call("Emulation.setDeviceMetricsOverride", {{"width", options.width},
                                              {"height", options.height},
                                              {"deviceScaleFactor", 1},
                                              {"mobile", options.width < 600}});
  call("Emulation.setEmulatedMedia",
       {{"features", {{{"name", "prefers-color-scheme"}, {"value", options.is_dark ? "dark" : "light"}}}}});
}

Browser::~Browser() {
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(to_);
  close(from_);
}

void Browser::start(const Options& options) {
  if (options.blocks_storage) {
    std::filesystem::create_directory(profile_.file("Default"));
    profile_.write("Default/Preferences", R"({"profile":{"default_content_setting_values":{"cookies":2}}})");
  }
  std::array<int, 2> down{};
  std::array<int, 2> up{};
  if (pipe2(down.data(), O_CLOEXEC) != 0 || pipe2(up.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const auto arguments = arguments_for(profile_.path());
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ == 0) become_browser(arguments, down[0], up[1]);
  close(down[0]);
  close(up[1]);
  to_ = down[1];
  from_ = up[0];
}

json::object Browser::receive() {
  std::size_t end = 0;
  while ((end = received_.find('\0')) == std::string::npos) {
    pollfd watched{from_, POLLIN, 0};
    if (poll(&watched, 1, kTimeoutMs) <= 0) throw std::runtime_error("the browser does not answer");
    std::array<char, 65536> block;
    const ssize_t count = read(from_, block.data(), block.size());
    if (count <= 0) throw std::runtime_error("the browser has ended; is the package chromium installed?");
    received_.append(block.data(), static_cast<std::size_t>(count));
  }
  auto message = json::parse(std::string_view(received_).substr(0, end)).as_object();
  received_.erase(0, end + 1);
  return message;
}

json::object Browser::call(const std::string& method, const json::object& parameters) {
  json::object message{{"id", ++last_id_}, {"method", method}, {"params", parameters}};
  if (!session_.empty()) message["sessionId"] = session_;
  const std::string text = json::serialize(message) + '\0';
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t count = write(to_, text.data() + sent, text.size() - sent);
    if (count <= 0) throw std::runtime_error("the browser does not listen; is the package chromium installed?");
    sent += static_cast<std::size_t>(count);
  }
  for (;;) {
    json::object answer = receive();
    const auto* const id = answer.if_contains("id");
    if (id == nullptr) {
      note(answer);
    } else if (*id == last_id_) {
      if (answer.contains("error")) throw std::runtime_error(method + ": " + json::serialize(answer.at("error")));
      return answer.at("result").as_object();
    }
  }
}

void Browser::note(const json::object& message) {
  const std::string_view method = message.at("method").as_string();
  const json::object& parameters = message.at("params").as_object();
  if (method == "Page.loadEventFired") is_loaded_ = true;
  if (method == "Runtime.exceptionThrown") complaints_.push_back(json::serialize(parameters));
  if (method == "Runtime.consoleAPICalled") {
    const auto& type = parameters.at("type").as_string();
    if (type == "error" || type == "warning" || type == "assert") complaints_.push_back(json::serialize(parameters));
  }
  if (method == "Log.entryAdded") {
    const auto& level = parameters.at("entry").at("level").as_string();
    if (level == "error" || level == "warning") complaints_.push_back(json::serialize(parameters));
  }
  if (method == "Network.requestWillBeSent") {
    const std::string url(parameters.at("request").at("url").as_string());
    if (url != url_ && !url.starts_with("data:")) requests_.push_back(url);
  }
}

void Browser::open(const std::string& file) {
  url_ = "file://" + std::filesystem::absolute(file).string();
  is_loaded_ = false;
  call("Page.navigate", {{"url", url_}});
  while (!is_loaded_) note(receive());
  evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
}

json::value Browser::evaluate(const std::string& expression) {
  const auto answer =
      call("Runtime.evaluate", {{"expression", expression}, {"returnByValue", true}, {"awaitPromise", true}});
  if (const auto* const thrown = answer.if_contains("exceptionDetails")) {
    throw std::runtime_error(expression + ": " + json::serialize(*thrown));
  }
  const json::object& result = answer.at("result").as_object();
  const auto* const value = result.if_contains("value");
  return value == nullptr ? json::value(nullptr) : *value;
}

void Browser::mouse(std::string_view type, double x, double y, bool is_pressed, double wheel) {
  json::object event{{"type", type}, {"x", x}, {"y", y}};
  if (is_pressed) event.insert({{"button", "left"}, {"buttons", 1}, {"clickCount", 1}});
  if (type == "mouseWheel") event.insert({{"deltaX", 0}, {"deltaY", wheel}});
  call("Input.dispatchMouseEvent", event);
}

void Browser::move_mouse(double x, double y) { mouse("mouseMoved", x, y, false); }
void Browser::turn_wheel(double x, double y, double delta) { mouse("mouseWheel", x, y, false, delta); }

void Browser::drag(double from_x, double from_y, double to_x, double to_y) {
  mouse("mouseMoved", from_x, from_y, false);
  mouse("mousePressed", from_x, from_y, true);
  mouse("mouseMoved", (from_x + to_x) / 2, (from_y + to_y) / 2, true);
  mouse("mouseMoved", to_x, to_y, true);
  mouse("mouseReleased", to_x, to_y, true);
}

void Browser::press(const std::string& key) {
  json::object down{{"type", "keyDown"}, {"key", key}};
  if (key.size() == 1) down["text"] = key;
  call("Input.dispatchKeyEvent", down);
  call("Input.dispatchKeyEvent", {{"type", "keyUp"}, {"key", key}});
}

void Browser::set_media(const std::string& type) { call("Emulation.setEmulatedMedia", {{"media", type}}); }

void Browser::screenshot(const std::string& file) {
  const auto answer = call("Page.captureScreenshot", {{"format", "png"}, {"captureBeyondViewport", true}});
  std::ofstream(file, std::ios::binary) << decode_base64(answer.at("data").as_string());
}

const std::vector<std::string>& Browser::complaints() {
  evaluate("0");  // what was on its way has come by then
  return complaints_;
}

const std::vector<std::string>& Browser::requests() {
  evaluate("0");
  return requests_;
}

}  // namespace overlap::testing_support
