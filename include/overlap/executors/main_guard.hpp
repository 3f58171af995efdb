#pragma once

namespace overlap {

/// The first line of main() in a program that uses processes: `overlap::main_guard guard(argc, argv);`
///
/// A ProcessPoolExecutor starts the program again, as a small helper from which worker processes are forked, so that
/// workers never inherit threads, locks or descriptors. In that second process the constructor serves as the helper and
/// never returns: nothing of main() after it runs there, while static objects are made as always. In the program itself
/// it only notes that the program is guarded; without a live guard a ProcessPoolExecutor refuses to be made.
class main_guard {
 public:
  main_guard(int argc, char** argv);
  ~main_guard();
  main_guard(const main_guard&) = delete;
  main_guard& operator=(const main_guard&) = delete;
};

}  // namespace overlap
