#include "gate/child.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>

#include "base/mapped_file.hpp"
#include "base/subprocess.hpp"
#include "gate/arguments.hpp"

namespace kiln::gate {
namespace {

constexpr std::size_t kMostSaid = std::size_t{1} << 20;

std::string first_line(const std::string& log) {
  const auto text = base::read_text_file(log, kMostSaid);
  if (!text) return "";
  constexpr std::string_view kPrefix = "kiln: error: ";
  const auto line = text->substr(0, text->find('\n'));
  return line.starts_with(kPrefix) ? line.substr(kPrefix.size()) : line;
}

/// Of processes that ended and were waited for, by this one or by one of them.
double seconds_of_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

std::string Ended::why() const {
  if (signal != 0) return fmt::format("ended by signal {}", signal);
  return said.empty() ? fmt::format("status {}", status) : said;
}

base::Result<Ended> run_child(const std::string& program, const std::vector<std::string>& command, const Place& place,
                              const std::stop_token& stop) {
  Ended ended;
  ended.document = place.scratch + "/document.json";
  const auto log = place.scratch + "/log", outputs = place.scratch + "/outputs";
  std::error_code failed;
  std::filesystem::remove(ended.document, failed);
  std::filesystem::remove_all(outputs, failed);
  if (!std::filesystem::create_directory(outputs, failed))
    return base::Error{fmt::format("{}: {}", outputs, failed.message())};
  std::vector<std::string> words = {program};
  for (auto& word : runnable(command, outputs, ended.document)) words.push_back(std::move(word));
  if (place.threads != 0) words.insert(words.end(), {"--threads", std::to_string(place.threads)});
  const double before = seconds_of_children();
  const auto began = std::chrono::steady_clock::now();
  const auto process = base::start_program(words, {"/dev/null", log, "", false, place.folder});
  if (!process) return process.error();
  const auto end = base::wait_for(*process, stop);
  ended.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  ended.processor_s = seconds_of_children() - before;
  ended.status = end.status;
  ended.signal = end.signal;
  ended.said = first_line(log);
  return ended;
}

}  // namespace kiln::gate
