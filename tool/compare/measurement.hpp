#pragma once

#include <overlap/core/time.hpp>

namespace overlap::compare {

/// Times the part of a run that counts: from the first submit to the last result. A workload calls begin() and end()
/// once each; what it does before and after (making lists, checking results) is not counted.
class Measurement {
 public:
  void begin();
  void end();

  double seconds() const;
  double cpu_seconds() const;  ///< of this process and all below it

 private:
  TimePoint begin_{};
  TimePoint end_{};
  Duration cpu_at_begin_{};
  Duration cpu_at_end_{};
};

double to_seconds(Duration duration);

}  // namespace overlap::compare
