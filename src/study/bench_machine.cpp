#include "study/bench_machine.hpp"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

namespace kiln::study {
namespace {

/// Files of /proc and /sys have no size; empty where there is none.
std::string system_file(const char* path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string first_line_of(const std::string& text) { return text.substr(0, text.find('\n')); }

std::uint64_t largest_cache() {
  long most = 0;
  for (const int level : {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE, _SC_LEVEL4_CACHE_SIZE})
    most = std::max(most, ::sysconf(level));
  return static_cast<std::uint64_t>(most);
}

std::size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<std::size_t>(CPU_COUNT(&set));
  return std::thread::hardware_concurrency();
}

}  // namespace

std::string value_in(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon == line.npos) continue;
    const auto end = line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
    if (line.substr(0, end + 1) != key) continue;
    const auto value = line.find_first_not_of(" \t", colon + 1);
    return value == line.npos ? "" : line.substr(value);
  }
  return "";
}

std::vector<std::string> widths_of(const std::string& flags) {
  std::istringstream words(flags);
  std::set<std::string> has;
  for (std::string word; words >> word;) has.insert(word);
  const auto all = [&](std::initializer_list<const char*> wanted) {
    return std::ranges::all_of(wanted, [&](const char* flag) { return has.contains(flag); });
  };
  std::vector<std::string> widths = {"scalar"};
  if (!all({"avx2", "fma"})) return widths;
  widths.emplace_back("avx2");
  if (all({"avx512bw", "avx512dq", "avx512vl", "avx512vbmi", "avx512_vnni"})) widths.emplace_back("avx512");
  return widths;
}

MachineFigures this_machine() {
  MachineFigures machine;
  const auto cpu = system_file("/proc/cpuinfo");
  machine.cpu = value_in(cpu, "model name");
  machine.widths = widths_of(value_in(cpu, "flags"));
  machine.cores = usable_cores();
  std::istringstream(value_in(system_file("/proc/meminfo"), "MemTotal")) >> machine.memory_bytes;
  machine.memory_bytes *= 1024;  // "... kB"
  machine.largest_cache_bytes = largest_cache();
  utsname system = {};
  if (::uname(&system) == 0) machine.kernel = std::string(system.sysname) + " " + system.release;
  machine.governor = first_line_of(system_file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
  return machine;
}

}  // namespace kiln::study
