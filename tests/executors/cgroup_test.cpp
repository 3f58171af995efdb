// What control groups leave a process, read from files like those of the kernel.
#include "executors/cgroup.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/process_tools.hpp"

namespace overlap::detail {
namespace {

class Cgroup : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = directory_.file(file);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text << "\n";
  }
  std::size_t cpus() const { return cgroup_cpus(directory_.file("groups"), directory_.file("fs")); }

 private:
  test::TemporaryDirectory directory_;
};

TEST_F(Cgroup, QuotaIsRoundedUpToWholeCpus) {
  write("groups", "0::/box");
  write("fs/box/cpu.max", "150000 100000");
  EXPECT_EQ(cpus(), 2U);
}

TEST_F(Cgroup, WithoutAQuotaThereIsNoLimit) {
  write("groups", "0::/box");
  EXPECT_EQ(cpus(), 0U);
  write("fs/box/cpu.max", "max 100000");
  EXPECT_EQ(cpus(), 0U);
}

TEST_F(Cgroup, TightestOfTheGroupsAroundAProcessCounts) {
  write("groups", "0::/slice/box");
  write("fs/slice/box/cpu.max", "800000 100000");
  write("fs/slice/cpu.max", "300000 100000");
  EXPECT_EQ(cpus(), 3U);
}

TEST_F(Cgroup, RootOfAContainerMayHaveALimitToo) {
  write("fs/cpu.max", "100000 100000");
  write("groups", "0::/service");
  EXPECT_EQ(cpus(), 1U);
  write("groups", "0::/");
  EXPECT_EQ(cpus(), 1U);
}

TEST_F(Cgroup, VersionOneIsReadToo) {
  write("groups", "9:memory:/m\n3:cpu,cpuacct:/box\n2:cpuset:/other\n0::/");
  write("fs/cpu,cpuacct/box/cpu.cfs_quota_us", "250000");
  write("fs/cpu,cpuacct/box/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cpus(), 3U);
  write("fs/cpu,cpuacct/box/cpu.cfs_quota_us", "-1");
  EXPECT_EQ(cpus(), 0U);
}

TEST_F(Cgroup, InsideAContainerOfVersionOneItIsTheRootThatIsThere) {
  write("groups", "3:cpu:/outside/0123");  // a path that the container does not see
  write("fs/cpu/cpu.cfs_quota_us", "200000");
  write("fs/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cpus(), 2U);
}

TEST_F(Cgroup, NoGroupsAreNoLimit) {
  EXPECT_EQ(cpus(), 0U);
  write("groups", "nonsense\n::\n");
  EXPECT_EQ(cpus(), 0U);
}

}  // namespace
}  // namespace overlap::detail
